# SPDX-License-Identifier: Apache-2.0
"""Boots a guest whose /init is any agent of this wire in QEMU without KVM, and plays its host until it is ready.

The machine is that of kernel-config/README.md. Nothing is left behind: QEMU, virtiofsd and their sockets end with `boot`.

QEMU's main loop does not look at the host's end of the port again when the guest opens it, but only when something else
wakes it: without KVM that is the guest's next timer tick, up to 27 ms later, whatever the agent does. So that a boot
measures the agent, `boot` keeps that loop awake through a monitor that it presses Return in.
"""
import contextlib
import ctypes
import mmap
import os
import shutil
import socket
import stat
import subprocess
import tempfile
import threading
import time

import guest_wire

QEMU = "qemu-system-x86_64"
VIRTIOFSD = "/usr/lib/qemu/virtiofsd"
BUSYBOX = ("/bin/busybox", "/usr/bin/busybox")
MEMORY_MIB = 256
PATIENCE_S = 90
WAKE_PAUSE_S = 0.0001
ICOUNT_TSC_KHZ = 1000000  # under -icount the guest's counter counts nanoseconds


class Missing(Exception):
    """Something that is not installed or built; what it says names it and how to get it."""


class GuestFailed(Exception):
    """The guest did not become ready; what it says ends with its console."""


def find_kernel(root):
    """The kernel that PRONTO_KERNEL names, or the one that the build has made."""
    for path in (os.environ.get("PRONTO_KERNEL", ""), os.path.join(root, "build/kernel/vmlinux")):
        if path and os.access(path, os.R_OK):
            return path
    raise Missing("there is no guest kernel; kernel-config/build makes build/kernel/vmlinux")


def find_agent(root):
    """The static agent of the last build."""
    for path in (os.environ.get("PRONTO_GUEST_AGENT", ""), os.path.join(root, "build/guest/bin/pronto-agent")):
        if path and os.access(path, os.X_OK):
            return path
    raise Missing("there is no static agent; ci/preset guest makes build/guest/bin/pronto-agent")


def require_qemu():
    if shutil.which(QEMU) is None:
        raise Missing(f"{QEMU} is not installed; ci/setup installs it")


def write_initramfs(path, init):
    """busybox and `init`, uncompressed. Two of them differ in nothing but /init."""
    busybox = next((name for name in BUSYBOX if os.access(name, os.X_OK)), None)
    if busybox is None:
        raise Missing("busybox is not installed; ci/setup installs it")
    names = subprocess.run([busybox, "--list"], check=True, capture_output=True, text=True).stdout.split()
    entries = [(name, stat.S_IFDIR | 0o755, b"", 0) for name in
               ("bin", "dev", "etc", "proc", "root", "run", "sys", "tmp", "usr", "usr/bin", "var", "var/tmp")]
    entries.append(("dev/console", stat.S_IFCHR | 0o600, b"", os.makedev(5, 1)))
    entries.append(("etc/passwd", stat.S_IFREG | 0o644, b"root:x:0:0:root:/root:/bin/sh\n", 0))
    entries.append(("etc/group", stat.S_IFREG | 0o644, b"root:x:0:\n", 0))
    entries.append(("bin/busybox", stat.S_IFREG | 0o755, _content(busybox), 0))
    entries += [(f"bin/{name}", stat.S_IFLNK | 0o777, b"busybox", 0) for name in names if name != "busybox"]
    entries.append(("init", stat.S_IFREG | 0o755, _content(init), 0))
    with open(path, "wb") as out:
        for number, entry in enumerate(entries, 1):
            out.write(_cpio_entry(number, *entry))
        out.write(_cpio_entry(0, "TRAILER!!!", 0, b"", 0))


def _content(path):
    with open(path, "rb") as file:
        return file.read()


def _cpio_entry(number, name, mode, content, device):
    fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, os.major(device), os.minor(device), len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
    return head + bytes(-len(head) % 4) + content + bytes(-len(content) % 4)


def measure_tsc_khz():
    """The frequency of this machine's counter, which an emulated guest sees as its own."""
    page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(bytes.fromhex("0f31 48c1e220 4809d0 c3"))  # rdtsc; shl rdx, 32; or rax, rdx; ret
    read_counter = ctypes.CFUNCTYPE(ctypes.c_uint64)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
    begin, begin_ns = read_counter(), time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
    time.sleep(0.05)
    end, end_ns = read_counter(), time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
    return (end - begin) * 1_000_000 // (end_ns - begin_ns)


class Machine:
    """How guests are booted: everything but what /init is."""

    def __init__(self, kernel, icount=None, share=False, words=""):
        require_qemu()
        self.kernel = kernel
        self.icount = icount  # QEMU's -icount, or None for its own time
        self.share = share    # a virtiofs share tagged msb_runtime, which the other agent mounts
        self.words = words    # for the kernel, behind ours
        self.tsc_khz = ICOUNT_TSC_KHZ if icount else measure_tsc_khz()
        if share and not os.access(VIRTIOFSD, os.X_OK):
            raise Missing(f"there is no {VIRTIOFSD}; Debian's qemu-system-common has it")

    def boot(self, initramfs, ack_first=False):
        """Boots, answers core.init.resolved at once, and returns the payload of core.ready. Ends the guest.

        `ack_first` has the answer wait in the port before the guest asks, so that no time of the host's is in the guest's.
        """
        with tempfile.TemporaryDirectory(prefix="pronto-guest-") as scratch:
            processes = []
            try:
                if self.share:
                    processes.append(_start_virtiofsd(scratch))
                host, port = socket.socketpair()
                waker, monitor = socket.socketpair()
                with host, waker:
                    with port, monitor, open(os.path.join(scratch, "qemu"), "wb") as log:
                        fds = [port.fileno(), monitor.fileno()]
                        processes.append(subprocess.Popen(self._command_line(initramfs, scratch, *fds), pass_fds=fds,
                                                          stdin=subprocess.DEVNULL, stdout=log, stderr=log))
                    with _kept_awake(waker):
                        return _meet(host, ack_first)
            except (GuestFailed, OSError) as failure:
                logs = "".join(_tail(os.path.join(scratch, name)) for name in ("console", "qemu"))
                raise GuestFailed(f"{failure}; console:\n{logs}") from failure
            finally:
                for process in reversed(processes):
                    process.kill()
                    process.wait()

    def _command_line(self, initramfs, scratch, port, monitor):
        words = ("console=ttyS0 quiet panic=-1 reboot=t mitigations=off noreplace-smp no_timer_check nolapic_timer "
                 f"tsc=reliable tsc_early_khz={self.tsc_khz} {self.words}")
        machine = "microvm,acpi=off,auto-kernel-cmdline=on"
        share = []
        if self.share:
            machine += ",memory-backend=memory"
            share = ["-object", f"memory-backend-memfd,id=memory,size={MEMORY_MIB}M,share=on",
                     "-chardev", f"socket,id=share,path={scratch}/share.sock",
                     "-device", "vhost-user-fs-device,chardev=share,tag=msb_runtime"]
        icount = ["-icount", self.icount] if self.icount else []
        return [QEMU, "-M", machine, "-accel", "tcg", *icount, "-cpu", "max", "-smp", "1", "-m", f"{MEMORY_MIB}",
                "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
                "-global", "virtio-mmio.force-legacy=false", "-kernel", self.kernel, "-initrd", initramfs,
                "-append", words, "-serial", f"file:{scratch}/console", *share,
                "-chardev", f"socket,id=monitor,fd={monitor}", "-mon", "chardev=monitor,mode=readline",
                "-chardev", f"socket,id=agent,fd={port}", "-device", "virtio-serial-device",
                "-device", "virtserialport,chardev=agent,name=agent"]


def _start_virtiofsd(scratch):
    path = os.path.join(scratch, "share.sock")
    shared = os.path.join(scratch, "share")
    os.mkdir(shared)
    with open(path + ".log", "wb") as log:
        process = subprocess.Popen([VIRTIOFSD, f"--socket-path={path}", "-o", f"source={shared}"],
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    deadline = time.monotonic() + 10
    while not os.path.exists(path):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise GuestFailed(f"virtiofsd did not start: {_tail(path + '.log')}")
        time.sleep(0.005)
    return process


@contextlib.contextmanager
def _kept_awake(waker):
    """Gives QEMU's main loop something to do all the time."""
    over = threading.Event()
    waker.setblocking(False)

    def wake():
        while not over.wait(WAKE_PAUSE_S):
            try:
                waker.send(b"\n")
                waker.recv(1 << 20)
            except BlockingIOError:
                pass
            except OSError:
                return  # QEMU has ended, which _meet finds out for itself

    thread = threading.Thread(target=wake)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _meet(host, ack_first):
    """Plays the host until the guest is ready."""
    deadline = time.monotonic() + PATIENCE_S
    received = bytearray()
    acknowledgement = guest_wire.frame("core.init.ack", {})
    if ack_first:
        host.sendall(acknowledgement)
    while True:
        taken = guest_wire.take_frame(received)
        if taken is None:
            host.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                part = host.recv(65536)
            except TimeoutError:
                raise GuestFailed(f"the guest was not ready within {PATIENCE_S} s") from None
            if not part:
                raise GuestFailed("the guest ended before it was ready")
            received += part
            continue
        message, payload, _, _ = taken
        if message == "core.init.resolved" and not ack_first:
            host.sendall(acknowledgement)
        elif message == "core.ready":
            return payload


def _tail(path, lines=12):
    try:
        with open(path, "rb") as file:
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "".join(f"    {line}\n" for line in text.splitlines()[-lines:])
