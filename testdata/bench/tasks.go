package main

import "telegraf-sysprobe/sysprobe"

// A group is what can be compared: tasks that answer the same question about
// the same load. The first task is the floor, the second is ours.
type group struct {
	Name string `json:"name"`
	// Item is what the time is divided by, Items how many there are: the rows
	// of the floor.
	Item  string  `json:"item"`
	Items int     `json:"items"`
	Tasks []*task `json:"tasks"`
}

// task is one way to get the answer.
type task struct {
	Name string `json:"name"`
	// worker says who does it: "floor", "psutil" or "go", and which of its
	// tasks that is.
	worker, key string

	figures
}

// processGroup is K02: it asks for pid, ppid, state, name, start, CPU, memory and threads.
func processGroup() *group {
	return &group{Name: "process table", Item: "process", Tasks: []*task{
		{Name: "C: list /proc, read stat", worker: "floor", key: "stat"},
		{Name: "sysprobe, proc(5)", worker: "go", key: "procs"},
		{Name: "sysprobe, proc(5), two workers", worker: "go", key: "procs two"},
		{Name: "C: list /proc, read stat, status, statm, io", worker: "floor", key: "files"},
		{Name: "sysprobe, proc(5), those files", worker: "go", key: "procs files"},
		{Name: "sysprobe, proc(5), those files, two workers", worker: "go", key: "procs files two"},
		{Name: "sysprobe, proc(5), all optional facts", worker: "go", key: "procs all"},
		{Name: "sysprobe, BPF", worker: "go", key: "procs bpf"},
		{Name: "sysprobe, BPF, names, status, I/O, files", worker: "go", key: "procs bpf all"},
		{Name: "sysprobe, open, look up one process, close", worker: "go", key: "procs lookup"},
		{Name: "sysprobe, open, load BPF, close", worker: "go", key: "procs load"},
		{Name: "inputs.procs", worker: "go", key: "inputs.procs"},
		{Name: "inputs.procs, BPF, 10 by four keys, groups by name and by user", worker: "go", key: "inputs.procs much"},
		{Name: "inputs.procs, BPF, every process", worker: "go", key: "inputs.procs every"},
		{Name: "inputs.zombies", worker: "go", key: "inputs.zombies"},
		{Name: "prometheus/procfs AllProcs, Stat", worker: "go", key: "procfs"},
		{Name: "psutil process_iter", worker: "psutil", key: "processes"},
		{Name: "gopsutil", worker: "go", key: "gopsutil processes"},
		{Name: "Telegraf inputs.processes", worker: "go", key: "inputs.processes"},
		{Name: "Telegraf inputs.procstat", worker: "go", key: "inputs.procstat"},
	}}
}

// zombieGroup is K01: it asks which processes are dead and not reaped.
func zombieGroup() *group {
	return &group{Name: "zombies", Item: "process", Tasks: []*task{
		{Name: "C: list /proc, read stat", worker: "floor", key: "stat"},
		{Name: "inputs.zombies, BPF", worker: "go", key: "inputs.zombies bpf"},
		{Name: "inputs.zombies, proc(5)", worker: "go", key: "inputs.zombies procfs"},
		{Name: "sysprobe, proc(5), with ages", worker: "go", key: "zombies procfs"},
		{Name: "psutil process_iter, status", worker: "psutil", key: "zombies"},
	}}
}

// connectionGroup asks for every socket and the process that has it.
func connectionGroup() *group {
	return &group{Name: "connections", Item: "socket", Tasks: []*task{
		{Name: "psutil net_connections", worker: "psutil", key: "connections"},
		{Name: "sysprobe, BPF", worker: "go", key: "connections bpf"},
		{Name: "sysprobe, proc(5)", worker: "go", key: "connections procfs"},
		{Name: "gopsutil net.Connections", worker: "go", key: "gopsutil connections"},
	}}
}

// addressGroup is K03: it asks for the addresses of every interface.
func addressGroup() *group {
	return &group{Name: "addresses", Item: "address", Tasks: []*task{
		{Name: "C: RTM_GETLINK, RTM_GETADDR", worker: "floor", key: "addresses"},
		{Name: "sysprobe, interfaces kept while the kernel tells of no change", worker: "go", key: "nicaddrs"},
		{Name: "sysprobe, both dumps each time", worker: "go", key: "nicaddrs dumped"},
		{Name: "sysprobe, kept by a watch", worker: "go", key: "nicwatch"},
		{Name: "inputs.nicaddrs", worker: "go", key: "inputs.nicaddrs"},
		{Name: "psutil net_if_addrs", worker: "psutil", key: "addresses"},
		{Name: "gopsutil net.Interfaces", worker: "go", key: "gopsutil interfaces"},
		{Name: "Telegraf inputs.net, no addresses", worker: "go", key: "inputs.net"},
	}}
}

// linkGroup asks for the state, the speed and the counters of every interface.
func linkGroup() *group {
	return &group{Name: "interfaces", Item: "interface", Tasks: []*task{
		{Name: "C: RTM_GETLINK, LINKINFO_GET, LINKMODES_GET", worker: "floor", key: "stats"},
		{Name: "sysprobe", worker: "go", key: "nicstats"},
		{Name: "sysprobe, all optional facts", worker: "go", key: "nicstats all"},
		{Name: "C: RTM_GETLINK", worker: "floor", key: "links"},
		{Name: "inputs.nicstats", worker: "go", key: "inputs.nicstats"},
		{Name: "psutil net_if_stats", worker: "psutil", key: "stats"},
		{Name: "psutil net_io_counters", worker: "psutil", key: "counters"},
		{Name: "gopsutil net.IOCounters", worker: "go", key: "gopsutil counters"},
		{Name: "Telegraf inputs.net", worker: "go", key: "inputs.net"},
		{Name: "Telegraf inputs.ethtool", worker: "go", key: "inputs.ethtool"},
	}}
}

// goTasks are the tasks of the workers that are this program.
var goTasks = map[string]func() (pass, error){
	"procs":                 sweepProcs(sysprobe.BackendProcFS, 0),
	"procs two":             onTwoThreads(sweepProcs(sysprobe.BackendProcFS, 0)),
	"procs files":           sweepProcs(sysprobe.BackendProcFS, sysprobe.WantStatus|sysprobe.WantMemory|sysprobe.WantIO),
	"procs files two":       onTwoThreads(sweepProcs(sysprobe.BackendProcFS, sysprobe.WantStatus|sysprobe.WantMemory|sysprobe.WantIO)),
	"procs all":             sweepProcs(sysprobe.BackendProcFS, ^sysprobe.Fields(0)),
	"procs bpf":             sweepProcs(sysprobe.BackendBPF, 0),
	"procs bpf all":         sweepProcs(sysprobe.BackendBPF, sysprobe.WantName|sysprobe.WantStatus|sysprobe.WantIO|sysprobe.WantFDs),
	"procs lookup":          openFor(lookUpOne),
	"procs load":            openFor(loadBPF),
	"zombies procfs":        trackZombies,
	"connections bpf":       readConnections(sysprobe.BackendBPF),
	"connections procfs":    readConnections(sysprobe.BackendProcFS),
	"nicaddrs":              readAddresses(&sysprobe.Config{}),
	"nicaddrs dumped":       readAddresses(&sysprobe.Config{WatchVerify: 1}),
	"nicwatch":              watchAddresses,
	"nicstats":              readLinks(0),
	"nicstats all":          readLinks(^sysprobe.LinkFacts(0)),
	"procfs":                procfsStats,
	"gopsutil processes":    gopsutilProcesses,
	"gopsutil connections":  gopsutilConnections,
	"logical":               readLogical,
	"boot":                  readBoot,
	"ionice":                askSubject(often((*sysprobe.Process).IOPriority)),
	"affinity":              askSubject(often((*sysprobe.Process).Affinity)),
	"open files":            askSubject(length((*sysprobe.Process).OpenFiles)),
	"maps":                  askSubject(length((*sysprobe.Process).MemoryMaps)),
	"children":              readDescendants,
	"attributes":            askSubject(readAttributes),
	"gopsutil attributes":   gopsutilAllAttributes,
	"gopsutil logical":      gopsutilLogical,
	"gopsutil boot":         gopsutilBoot,
	"gopsutil open files":   gopsutilOpenFiles,
	"gopsutil maps":         gopsutilMaps,
	"gopsutil children":     gopsutilDescendants,
	"gopsutil interfaces":   gopsutilInterfaces,
	"gopsutil counters":     gopsutilCounters,
	"inputs.procs":          gatherInput("procs", ""),
	"inputs.procs much":     gatherInput("procs", procsMuch),
	"inputs.procs every":    gatherInput("procs", procsEvery),
	"inputs.zombies":        gatherInput("zombies", ""),
	"inputs.zombies bpf":    gatherInput("zombies", "backend = \"bpf\"\nmax_zombies = 100"),
	"inputs.zombies procfs": gatherInput("zombies", "backend = \"procfs\"\nmax_zombies = 100"),
	"inputs.nicaddrs":       gatherInput("nicaddrs", ""),
	"inputs.nicstats":       gatherInput("nicstats", ""),
	"inputs.processes":      gatherInput("processes", ""),
	"inputs.procstat":       gatherInput("procstat", procstatEverything),
	"inputs.net":            gatherInput("net", ""),
	"inputs.ethtool":        gatherInput("ethtool", ""),
}
