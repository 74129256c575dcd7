// SPDX-License-Identifier: Apache-2.0
// What `up` and `run` are told about the guest to start.
#pragma once

#include <string>

namespace pronto::cli {

struct GuestOptions {
    std::string backend;  ///< "qemu", "namespace", or empty: what this machine can do
    std::string rootfs;   ///< directory; empty: a small one made of busybox
    std::string kernel;   ///< qemu: empty: $PRONTO_KERNEL, or the one of the build
    std::string initrd;   ///< qemu: empty: one made of the agent and the rootfs
    std::string
        acceleration;  ///< qemu: "kvm", "tcg", or empty: kvm where a guest really boots under it
    bool short_lived = false;  ///< for one command: what it costs when idle does not matter
    unsigned memory_mib = 256;
    unsigned cpus = 1;
};

}  // namespace pronto::cli
