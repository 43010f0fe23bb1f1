package bustest

import "syscall"

func mount(dir string) error { return syscall.Mount("tributary-test", dir, "tmpfs", 0, "size=24m") }

func unmount(dir string) error { return syscall.Unmount(dir, 0) }
