package child

import "syscall"

func endWithParent(a *syscall.SysProcAttr, last syscall.Signal) { a.Pdeathsig = last }
