package generator

import (
	"rehearse/capture"
)

// The parts of answers.
const (
	yes       = "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n" + capture.AnswerOk
	busy      = "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"
	hints     = "HTTP/1.1 103 Early Hints\r\nLink: </s.css>; rel=preload\r\n\r\n"
	processed = "HTTP/1.1 102 Processing\r\n\r\n"
	goOn      = "HTTP/1.1 100 Continue\r\n\r\n"
)
