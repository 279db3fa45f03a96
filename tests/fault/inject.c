/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inject.c - runs a program and answers chosen system calls of the preloaded shim with an error.
 *
 * usage: inject [-l LOG] [-m] [-f CALL:N[+]:ERRNO] -p PRELOAD PROGRAM [ARGUMENT...]
 *
 * A seccomp filter hands the calls of calls.c to this process, which tells by the address that they come from
 * whether the shim made them. Only those are counted: the N-th of a name fails, with + all later ones too; a
 * name that begins with @ stands for the calls of libc as well. The program starts the count anew by
 * prctl(INJECT_MARK), of which -m says that nothing before it counts. LOG gets a line for each call.
 * Ends like the program; 125 = calls cannot be watched here.
 */
#define _GNU_SOURCE
#include "inject.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"

#define SHIM_NAME "/libmemtrace"
#define PROCESS_MAX 64u
#define EXIT_NOT_POSSIBLE 125

struct fault {
	char name[32];
	long nth;
	bool is_lasting, is_anybodys;
	int error;
};

/* Where the shim's code lies in a process; high 0: not known yet. */
struct process {
	uint32_t id;
	uint64_t low, high;
};

static struct {
	struct fault fault;
	const char *preload;
	FILE *log;
	bool waits_for_mark;
} options;
static struct process processes[PROCESS_MAX];
static size_t process_count;
static long seen; /* calls of the fault's name since the mark */

static int give_up(const char *what)
{
	(void)fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
	return EXIT_NOT_POSSIBLE;
}

static bool parse_fault(const char *text)
{
	struct fault *fault = &options.fault;
	char plus[2] = "";

	fault->is_anybodys = text[0] == '@';
	if (sscanf(text + fault->is_anybodys, "%31[a-z0-9_]:%ld%1[+]:%d", fault->name, &fault->nth,
		   plus, &fault->error) != 4 &&
	    sscanf(text + fault->is_anybodys, "%31[a-z0-9_]:%ld:%d", fault->name, &fault->nth,
		   &fault->error) != 3)
		return false;
	fault->is_lasting = plus[0] == '+';
	return true;
}

static int install_filter(void)
{
	struct sock_filter code[2 + 64 * 2];
	struct sock_fprog program = {.filter = code};
	unsigned short used = 0;

	code[used++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						    offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < call_count; i++) {
		code[used++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							    (unsigned)calls[i].number, 0, 1);
		code[used++] =
			(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	}
	code[used++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = used;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			    &program);
}

union descriptor_message {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

static bool send_descriptor(int socket, int fd)
{
	union descriptor_message control = {
		.header = {.cmsg_len = CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
	char byte = 0;
	struct iovec part = {&byte, 1};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	return sendmsg(socket, &message, 0) == 1;
}

static int receive_descriptor(int socket)
{
	union descriptor_message control;
	char byte;
	struct iovec part = {&byte, 1};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	int fd;

	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1 || CMSG_FIRSTHDR(&message) == NULL)
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

static _Noreturn void become_program(int socket, char **command)
{
	int listener;

	if (setenv("LD_PRELOAD", options.preload, 1) != 0)
		_exit(give_up("LD_PRELOAD"));
	listener = install_filter();
	if (listener < 0 || !send_descriptor(socket, listener))
		_exit(give_up("seccomp"));
	(void)syscall(SYS_close_range, 3, ~0u, 0);
	execvp(command[0], command);
	_exit(give_up(command[0]));
}

static struct process *process_of(uint32_t id)
{
	for (size_t i = 0; i < process_count; i++)
		if (processes[i].id == id)
			return &processes[i];
	if (process_count == PROCESS_MAX)
		process_count = 0; /* they are found again */
	processes[process_count] = (struct process){.id = id};
	return &processes[process_count++];
}

static void find_shim(struct process *process)
{
	char path[32], line[4096];
	FILE *maps;

	(void)snprintf(path, sizeof(path), "/proc/%u/maps", process->id);
	maps = fopen(path, "re");
	while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
		uint64_t low, high;
		char rights[5];

		if (strstr(line, SHIM_NAME) != NULL &&
		    sscanf(line, "%lx-%lx %4s", &low, &high, rights) == 3 && rights[2] == 'x') {
			process->low = low;
			process->high = high;
		}
	}
	if (maps != NULL)
		(void)fclose(maps);
}

static bool is_of_shim(const struct seccomp_notif *call)
{
	struct process *process = process_of(call->pid);

	if (process->high == 0)
		find_shim(process);
	return call->data.instruction_pointer - process->low < process->high - process->low;
}

/* What the program is to be told: 0 = let the kernel do it. */
static int choose_error(const struct seccomp_notif *call)
{
	const struct call *known = call_find(call->data.nr);
	const struct fault *fault = &options.fault;
	bool is_ours = is_of_shim(call), is_chosen;

	if (call->data.nr == SYS_prctl && call->data.args[0] == INJECT_MARK) {
		options.waits_for_mark = false;
		seen = 0;
		if (options.log != NULL)
			(void)fputs("mark\n", options.log);
		return 0;
	}
	if (options.waits_for_mark || known == NULL || (!is_ours && !fault->is_anybodys))
		return 0;
	if (options.log != NULL)
		(void)fprintf(options.log, "%s\n", known->name);
	if (strcmp(known->name, fault->name) != 0)
		return 0;
	seen++;
	is_chosen = seen == fault->nth || (fault->is_lasting && seen > fault->nth);
	if (is_chosen && options.log != NULL)
		(void)fputs("failed\n", options.log);
	return is_chosen ? fault->error : 0;
}

static void answer(int listener)
{
	struct seccomp_notif call = {0};
	struct seccomp_notif_resp response = {0};

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0)
		return;
	response.id = call.id;
	response.error = -choose_error(&call);
	if (response.error == 0)
		response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	(void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

/* Until the last process that has the filter is gone. */
static void serve(int listener)
{
	struct pollfd event = {.fd = listener, .events = POLLIN};

	for (;;) {
		if (poll(&event, 1, -1) < 0 && errno != EINTR)
			return;
		if ((event.revents & POLLIN) != 0)
			answer(listener);
		else if ((event.revents & POLLHUP) != 0)
			return;
	}
}

static int run(char **command)
{
	int sockets[2], listener, status;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
		return give_up("socketpair");
	child = fork();
	if (child < 0)
		return give_up("fork");
	if (child == 0)
		become_program(sockets[1], command);
	(void)close(sockets[1]);
	listener = receive_descriptor(sockets[0]);
	if (listener >= 0)
		serve(listener);
	if (waitpid(child, &status, 0) != child)
		return give_up("waitpid");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	int option, status;

	while ((option = getopt(argc, argv, "+l:f:p:m")) != -1) {
		if (option == 'l')
			options.log = fopen(optarg, "we");
		else if (option == 'p')
			options.preload = optarg;
		else if (option == 'm')
			options.waits_for_mark = true;
		else if (option != 'f' || !parse_fault(optarg))
			return 2;
	}
	if (options.preload == NULL || optind >= argc)
		return 2;
	status = run(argv + optind);
	if (options.log != NULL && fclose(options.log) != 0)
		return give_up("log");
	return status;
}
