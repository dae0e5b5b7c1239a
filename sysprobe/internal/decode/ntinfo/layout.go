package ntinfo

import "telegraf-sysprobe/sysprobe/internal/decode"

// layout says where SYSTEM_PROCESS_INFORMATION has what. Its threads follow it.
type layout struct {
	size                                            int
	next, threads, hardFaults                       decode.Field
	created, userTime, kernelTime                   decode.Field
	nameLen, name                                   decode.Field
	priority, pid, parent, handles, session         decode.Field
	virtual, pageFaults, peakWorkingSet, workingSet decode.Field
	pagefile, private                               decode.Field
	reads, writes, others                           decode.Field
	readBytes, writeBytes, otherBytes               decode.Field
	thread                                          threadLayout
}

// threadLayout says where SYSTEM_THREAD_INFORMATION has what.
type threadLayout struct {
	size                        int
	switches, state, waitReason decode.Field
}

// layouts are by the size of a pointer.
var layouts = map[int]layout{
	8: {
		size: 256, next: decode.U32(0), threads: decode.U32(4), hardFaults: decode.U32(16),
		created: decode.U64(32), userTime: decode.U64(40), kernelTime: decode.U64(48), nameLen: decode.U16(56), name: decode.U64(64),
		priority: decode.U32(72), pid: decode.U64(80), parent: decode.U64(88), handles: decode.U32(96), session: decode.U32(100),
		virtual: decode.U64(120), pageFaults: decode.U32(128), peakWorkingSet: decode.U64(136), workingSet: decode.U64(144),
		pagefile: decode.U64(184), private: decode.U64(200),
		reads: decode.U64(208), writes: decode.U64(216), others: decode.U64(224),
		readBytes: decode.U64(232), writeBytes: decode.U64(240), otherBytes: decode.U64(248),
		thread: threadLayout{size: 80, switches: decode.U32(64), state: decode.U32(68), waitReason: decode.U32(72)},
	},
	4: {
		size: 184, next: decode.U32(0), threads: decode.U32(4), hardFaults: decode.U32(16),
		created: decode.U64(32), userTime: decode.U64(40), kernelTime: decode.U64(48), nameLen: decode.U16(56), name: decode.U32(60),
		priority: decode.U32(64), pid: decode.U32(68), parent: decode.U32(72), handles: decode.U32(76), session: decode.U32(80),
		virtual: decode.U32(92), pageFaults: decode.U32(96), peakWorkingSet: decode.U32(100), workingSet: decode.U32(104),
		pagefile: decode.U32(124), private: decode.U32(132),
		reads: decode.U64(136), writes: decode.U64(144), others: decode.U64(152),
		readBytes: decode.U64(160), writeBytes: decode.U64(168), otherBytes: decode.U64(176),
		thread: threadLayout{size: 64, switches: decode.U32(48), state: decode.U32(52), waitReason: decode.U32(56)},
	},
}

// layoutOf returns the layout of a program whose pointers have wordSize bytes: 4,
// or else 8.
func layoutOf(wordSize int) layout {
	if wordSize == 4 {
		return layouts[4]
	}
	return layouts[8]
}
