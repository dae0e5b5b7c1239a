package procs

import "telegraf-sysprobe/sysprobe"

// socketCounts are the facts that count the sockets of a process, or why they
// are not known. Of the sockets themselves nothing is kept.
type socketCounts struct {
	facts []fact
	err   error
}

// askConnections asks for the sockets of all these processes at once: the kernel
// takes long for the tables of a network namespace, whoever is asked for.
func askConnections(i *inspector, ids []sysprobe.ProcID) {
	if i.sockets == nil {
		i.sockets = map[int32]socketCounts{}
	}
	for at, answer := range i.programs.machine.ConnectionsOf(ids) {
		i.account.malformed += answer.Malformed
		counts := socketCounts{err: answer.Err}
		if answer.Err == nil {
			counts.facts = countSockets(answer.Sockets)
		}
		i.sockets[ids[at].PID] = counts
	}
}

func readConnections(q *query) error {
	pid := q.proc.ID.PID
	if _, asked := q.inspector.sockets[pid]; !asked {
		askConnections(q.inspector, []sysprobe.ProcID{q.proc.ID})
	}
	counts := q.inspector.sockets[pid]
	q.facts = append(q.facts, counts.facts...)
	return counts.err
}

// countSockets counts sockets, once for each descriptor. States that alerts ask
// for are there at zero too.
func countSockets(sockets []sysprobe.Connection) []fact {
	counts := map[string]int{"tcp_established": 0, "tcp_listen": 0, "tcp_close_wait": 0, "udp_sockets": 0, "unix_sockets": 0}
	for i := range sockets {
		counts[socketField(&sockets[i])]++
	}
	facts := []fact{{"num_sockets", len(sockets)}}
	for name, n := range counts {
		facts = append(facts, fact{name, n})
	}
	return facts
}

// socketField names the field that counts a socket, those of TCP as
// inputs.netstat does.
func socketField(socket *sysprobe.Connection) string {
	switch {
	case socket.Family == sysprobe.FamilyUnix:
		return "unix_sockets"
	case socket.Type == sysprobe.SocketDatagram:
		return "udp_sockets"
	default:
		return "tcp_" + socket.Status.String()
	}
}
