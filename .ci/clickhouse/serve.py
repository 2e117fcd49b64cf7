"""chDB behind the part of ClickHouse's HTTP interface that verify uses: serve.py PORT DIRECTORY."""
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from chdb import session

engine = session.Session(sys.argv[2])


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        query = self.rfile.read(int(self.headers["Content-Length"])).decode()
        try:
            status, body = 200, engine.query(query, "TabSeparated").bytes()
        except Exception as problem:
            status, body = 500, str(problem).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
