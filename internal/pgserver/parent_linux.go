package pgserver

import "syscall"

// endWithParent has the kernel stop the server (fast shutdown) when this process dies without stopping it.
func endWithParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGINT }
