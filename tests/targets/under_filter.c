/* SPDX-License-Identifier: Apache-2.0 */
/*
 * under_filter.c - runs a program under the system calls that a container or a service has by default.
 *
 * usage: under_filter container|service PROGRAM [ARGUMENT...]
 *
 * The lists are what such profiles leave out, as far as this machine has numbers for it.
 */
#include "filter.h"

/* Docker's default profile without further capabilities. */
static const int container[] = {
	SYS_acct,
	SYS_add_key,
	SYS_bpf,
	SYS_clock_adjtime,
	SYS_clock_settime,
	SYS_delete_module,
	SYS_finit_module,
	SYS_fsconfig,
	SYS_fsmount,
	SYS_fsopen,
	SYS_fspick,
	SYS_get_mempolicy,
	SYS_init_module,
	SYS_io_uring_enter,
	SYS_io_uring_register,
	SYS_io_uring_setup,
	SYS_kcmp,
	SYS_kexec_load,
	SYS_keyctl,
	SYS_lookup_dcookie,
	SYS_mbind,
	SYS_mount,
	SYS_mount_setattr,
	SYS_move_mount,
	SYS_move_pages,
	SYS_nfsservctl,
	SYS_open_by_handle_at,
	SYS_open_tree,
	SYS_perf_event_open,
	SYS_pivot_root,
	SYS_process_vm_readv,
	SYS_process_vm_writev,
	SYS_quotactl,
	SYS_reboot,
	SYS_request_key,
	SYS_set_mempolicy,
	SYS_setdomainname,
	SYS_sethostname,
	SYS_setns,
	SYS_settimeofday,
	SYS_swapoff,
	SYS_swapon,
	SYS_syslog,
	SYS_umount2,
	SYS_unshare,
	SYS_userfaultfd,
	SYS_vhangup,
};

/* What SystemCallFilter=@system-service leaves out of systemd's sets. */
static const int service[] = {
	SYS_acct,
	SYS_bpf,
	SYS_chroot,
	SYS_clock_adjtime,
	SYS_clock_settime,
	SYS_delete_module,
	SYS_fanotify_init,
	SYS_finit_module,
	SYS_fsconfig,
	SYS_fsmount,
	SYS_fsopen,
	SYS_fspick,
	SYS_init_module,
	SYS_kexec_file_load,
	SYS_kexec_load,
	SYS_lookup_dcookie,
	SYS_mount,
	SYS_mount_setattr,
	SYS_move_mount,
	SYS_nfsservctl,
	SYS_open_by_handle_at,
	SYS_open_tree,
	SYS_perf_event_open,
	SYS_pidfd_getfd,
	SYS_pivot_root,
	SYS_process_vm_readv,
	SYS_process_vm_writev,
	SYS_ptrace,
	SYS_quotactl,
	SYS_reboot,
	SYS_setdomainname,
	SYS_sethostname,
	SYS_settimeofday,
	SYS_swapoff,
	SYS_swapon,
	SYS_syslog,
	SYS_umount2,
	SYS_userfaultfd,
	SYS_vhangup,
};

#define LIST(list) list, sizeof(list) / sizeof((list)[0])

int main(int argc, char **argv)
{
	struct filter_rule refuse = {SECCOMP_RET_ERRNO | 1, SECCOMP_RET_ALLOW};
	struct filter_rule kill = {SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_ALLOW};

	truth_require(argc > 2, "usage");
	if (strcmp(argv[1], "container") == 0)
		filter_install(LIST(container), refuse, 0);
	else
		filter_install(LIST(service), kill, 0);
	execv(argv[2], argv + 2);
	return 96;
}
