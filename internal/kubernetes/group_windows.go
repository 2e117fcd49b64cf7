package kubernetes

import "syscall"

// apart keeps Ctrl-C on a terminal from kubectl: it goes to each process in front there, and
// kubectl has to follow the pods until they have said what they did.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
