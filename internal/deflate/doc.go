// Package deflate compresses text of which its writer knows the structure: where
// something stands that stood in the text before. A general compressor finds that out
// by hashing every few bytes; here a [Hint] says where to look, and what is found is
// compared before it is used, so that a wrong hint costs bytes and never a wrong stream.
//
// The Huffman codes are made once, from samples, and are the same for every text
// after that: a text has the same stream whoever compresses it. Streams are those of
// RFC 1951, in the wrap of RFC 1952 (gzip) or RFC 1950 (zlib); any reader takes them.
//
// Reading order: encoder.go finds matches and wraps streams; code.go has the codes of
// literals, lengths and distances and writes the bits; huffman.go makes a code from
// frequencies, and the header that tells a reader of it.
package deflate
