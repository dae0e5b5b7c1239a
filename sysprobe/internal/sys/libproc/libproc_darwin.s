#include "textflag.h"

TEXT libc_proc_pidinfo_trampoline<>(SB),NOSPLIT,$0-0
	JMP	libc_proc_pidinfo(SB)
GLOBL	·addrOfPIDInfo(SB), RODATA, $8
DATA	·addrOfPIDInfo(SB)/8, $libc_proc_pidinfo_trampoline<>(SB)

TEXT libc_proc_pidpath_trampoline<>(SB),NOSPLIT,$0-0
	JMP	libc_proc_pidpath(SB)
GLOBL	·addrOfPIDPath(SB), RODATA, $8
DATA	·addrOfPIDPath(SB)/8, $libc_proc_pidpath_trampoline<>(SB)

TEXT libc_mach_timebase_info_trampoline<>(SB),NOSPLIT,$0-0
	JMP	libc_mach_timebase_info(SB)
GLOBL	·addrOfTimebaseInfo(SB), RODATA, $8
DATA	·addrOfTimebaseInfo(SB)/8, $libc_mach_timebase_info_trampoline<>(SB)
