package dashboards

// gauge is a field of a measurement that has one row a host.
func gauge(measurement, field, legend string) Query {
	return Query{Legend: legend, Value: Value{Measurement: measurement, Field: field}}
}

// rate is the same of a counter.
func rate(measurement, field, legend string) Query {
	return Query{Legend: legend, Value: Value{Measurement: measurement, Field: field, Rate: true}}
}

// share is how much of one field another one is, in percent.
func share(measurement, field, of, legend string) Query {
	q := gauge(measurement, field, legend)
	q.Factor, q.Over = 100, &Value{Measurement: measurement, Field: of}
	return q
}

// ofName is a field of the processes of one name.
func ofName(field, legend string, rate bool) Query {
	return Query{Legend: "{process_name} " + legend, By: []string{"process_name"}, Value: named(field, rate)}
}

// named is the value of ofName.
func named(field string, rate bool) Value {
	return Value{Measurement: "procs_group", Field: field, Rate: rate, Where: map[string]string{"group_by": "process_name"}}
}

// top is a field of the processes that are first in an order.
func top(by, field string) Query {
	return Query{
		Legend: "{rank} {process_name_tag}", By: []string{"rank", "process_name_tag"},
		Value: Value{Measurement: "procs_top", Field: field, Where: map[string]string{"by": by}},
	}
}

// states returns the queries of the numbers of processes.
func states() []Query {
	var all []Query
	for _, state := range []string{"running", "blocked", "zombies", "stopped", "sleeping", "idle", "parked", "dead", "unknown"} {
		all = append(all, gauge("procs", state, state))
	}
	return all
}

// procs returns the panels of inputs.procs.
func procs() []Panel {
	cpu := ofName("cpu_time_user", "", true)
	system := named("cpu_time_system", true)
	cpu.Plus, cpu.Factor = &system, 100
	return []Panel{
		{Title: "Processes by state", Unit: "short", Stack: true, Description: "Blocked ones wait for a disk or a file server.", Queries: states()},
		{
			Title: "Process IDs in use", Unit: "percent", Description: "At 100 nothing can be started. Each thread takes one.",
			Queries: []Query{share("procs", "total_threads", "pid_limit", "threads of the limit")},
		},
		{
			Title: "Processes begun and ended", Unit: "ops", Description: "Short-lived ones began and ended between two gathers.",
			Queries: []Query{rate("procs", "created", "begun"), rate("procs", "exited", "ended"), rate("procs", "short_lived", "short-lived")},
		},
		{
			Title: "CPU by name", Unit: "percent", Stack: true, Description: `Of one processor. Needs collect = ["group"].`,
			Queries: []Query{cpu},
		},
		{
			Title: "Memory by name", Unit: "bytes", Stack: true, Description: `Resident. Needs collect = ["group"].`,
			Queries: []Query{ofName("memory_rss", "", false)},
		},
		{
			Title: "Most CPU now", Unit: "percent", Description: `The name needs tag_with = ["process_name"].`,
			Queries: []Query{top("cpu", "cpu_usage")},
		},
		{Title: "Most memory now", Unit: "bytes", Description: `The name needs tag_with = ["process_name"].`, Queries: []Query{top("memory", "memory_rss")}},
		{
			Title: "Disk by name", Unit: "Bps", Description: `Needs group_details = ["io"], and privileges for other users' processes.`,
			Queries: []Query{ofName("disk_read_bytes", "read", true), ofName("disk_write_bytes", "written", true)},
		},
		{
			Title: "Descriptors, of the process that is nearest to its limit", Unit: "percent", Description: `Needs group_details = ["fd_usage"].`,
			Queries: []Query{ofName("fd_usage_max", "", false)},
		},
		{
			Title: "What the plugin could not see", Unit: "short", Description: "Files that it has no permission to read, or that make no sense.",
			Queries: []Query{gauge("procs", "denied", "denied"), gauge("procs", "malformed", "malformed")},
		},
		{Title: "Time of a gather", Unit: "ns", Queries: []Query{gauge("procs", "gather_time_ns", "")}},
	}
}

// parent is a field of the parents of zombies.
func parent(field string) Query {
	return Query{Legend: "{parent_name} {rank}", By: []string{"parent_name", "rank"}, Value: Value{Measurement: "zombies_parent", Field: field}}
}

// zombies returns the panels of inputs.zombies.
func zombies() []Panel {
	return []Panel{
		{
			Title: "Zombies", Unit: "short", Description: "Those that are older than min_age were left by their parents.",
			Queries: []Query{
				gauge("zombies", "total", "all"), gauge("zombies", "total_old", "old"),
				gauge("zombies", "dead_leaders", "dead first threads of processes that live"),
			},
		},
		{Title: "Zombies by parent", Unit: "short", Stack: true, Description: "Who does not reap.", Queries: []Query{parent("zombies")}},
		{Title: "Age of the oldest", Unit: "s", Queries: []Query{gauge("zombies", "oldest_age", ""), parent("oldest_age")}},
		{
			Title: "Begun and reaped", Unit: "ops", Description: "Where more begin than are reaped, they pile up.",
			Queries: []Query{rate("zombies", "created", "begun"), rate("zombies", "reaped", "reaped")},
		},
		{
			Title: "Process IDs in use", Unit: "percent", Description: "At 100 nothing can be started.",
			Queries: []Query{share("zombies", "pids_in_use", "pid_limit", "of the limit")},
		},
		{
			Title: "Time until there is no process ID", Unit: "s", Description: "There only while zombies grow.",
			Queries: []Query{gauge("zombies", "seconds_to_pid_exhaustion", "")},
		},
		{
			Title: "Single zombies, by age", Unit: "s", Description: "The oldest ones.",
			Queries: []Query{{
				Legend: "{process_name} of {parent_name} {rank}", By: []string{"process_name", "parent_name", "user", "rank"},
				Value: Value{Measurement: "zombies_process", Field: "age"},
			}},
		},
	}
}
