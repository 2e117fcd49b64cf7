// Package permit turns a yes into something that the generator obeys: a small
// readable file that says who may send how much to which hosts and when, signed
// with the SSH key that its approver already has.
//
// A permit is two files. The first, permit.yaml say, is YAML (Terms has
// its fields) and is read by people before it is signed. The second,
// permit.yaml.sig, is its SSH signature (SSHSIG, OpenSSH's PROTOCOL.sshsig) in
// the namespace rehearse-permit, as "ssh-keygen -Y sign" writes it and
// "ssh-keygen -Y verify" checks it. What is signed is the text of the file, byte
// for byte.
//
// Whose signature counts is said by a file of allowed signers, in OpenSSH's own
// format (ssh-keygen(1), ALLOWED SIGNERS). The permit names its approver, and the
// key must be that of the approver there.
//
// A permit is used by one run at a time, or by the shards of one: Lock sees to that
// on one machine. Its bounds count what is sent, retries included.
//
// Nothing here is decided by halves: Judge returns every reason why a permit does
// not cover a run, and none at all is the only yes.
//
// To read the package: judge.go (does a permit cover a run), watch.go (ends a run with
// its permit), lock.go (one run at a time; lock_unix.go, lock_other.go), permit.go (the
// two files, read and written), signers.go and signature.go (whose signature counts),
// terms.go and host.go (what a permit says), text.go (for people).
package permit
