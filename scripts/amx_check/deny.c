/* deny ERRNO COMMAND...: runs a command to which the kernel refuses AMX: its question for permission
   (arch_prctl, ARCH_REQ_XCOMP_PERM) is answered with this error. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FIELD(name) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, name))
#define IF_NOT(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip)
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)

int main(int count, char **arguments)
{
    if (count < 3)
        return 2;
    struct sock_filter filter[] = {
        FIELD(arch), IF_NOT(AUDIT_ARCH_X86_64, 5),
        FIELD(nr), IF_NOT(SYS_arch_prctl, 3),
        FIELD(args[0]), IF_NOT(0x1023, 1),
        RETURN(SECCOMP_RET_ERRNO | (atoi(arguments[1]) & SECCOMP_RET_DATA)),
        RETURN(SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
        perror("deny");
        return 1;
    }
    execvp(arguments[2], arguments + 2);
    perror(arguments[2]);
    return 1;
}
