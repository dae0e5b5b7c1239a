package procs

import (
	"strings"

	"telegraf-sysprobe/sysprobe"
)

// socketCounts are the facts that count the sockets of a process, or why they
// are not known.
type socketCounts struct {
	facts []fact
	err   error
}

// askConnections asks for the sockets of all these processes at once: the kernel
// takes long for the tables of a network namespace, for however few processes.
func askConnections(g *gather, rows []*row) {
	ids := make([]sysprobe.ProcID, 0, len(rows))
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	for i, answer := range g.machine.ConnectionsOf(ids) {
		g.account.malformed += answer.Malformed
		counts := socketCounts{err: answer.Err}
		if answer.Err == nil {
			counts.facts = countSockets(answer.Sockets)
		}
		rows[i].inspected().sockets = counts
	}
}

func readConnections(q *query) error {
	counts := q.row.inspected().sockets
	q.facts = append(q.facts, counts.facts...)
	return counts.err
}

// countSockets counts sockets, once for each descriptor. States that alerts
// compare are counted at zero too.
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
		return "tcp_" + strings.ToLower(socket.Status.String())
	}
}
