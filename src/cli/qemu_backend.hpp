// SPDX-License-Identifier: Apache-2.0
// A guest in a QEMU microVM: a real kernel, the agent as its first program, a virtio-serial port as
// the wire.
#pragma once

#include "cli/guest_options.hpp"
#include "cli/process.hpp"
#include "cli/signals.hpp"

namespace pronto::cli {

struct VirtualMachine {
    std::string qemu;
    std::string kernel;
    std::string initrd;
    std::string accelerator;  ///< "kvm" or "tcg"
    std::string hostname;
    bool short_lived = false;  ///< starts sooner, idles worse
    unsigned memory_mib = 0;
    unsigned cpus = 1;
};

/// The backend that was asked for, or the one this machine can do; the latter is said on standard
/// error when it is not qemu. Throws for a name that is none.
std::string choose_backend(const GuestOptions& options);

/// Finds everything a VM needs. The first time on a machine that offers KVM, this boots once to see
/// if it works.
VirtualMachine plan_qemu(const GuestOptions& options, const std::string& hostname,
                         const Signals& signals);

/// Starts it with `port_fd` as the host's end of its port.
Process start_qemu(const VirtualMachine& machine, const std::string& console_log, int port_fd);

}  // namespace pronto::cli
