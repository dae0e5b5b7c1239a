package sysprobe

import (
	"context"
	"slices"
	"strconv"

	"telegraf-sysprobe/sysprobe/internal/abandon"
	"telegraf-sysprobe/sysprobe/internal/decode/ipadapter"
	"telegraf-sysprobe/sysprobe/internal/sys/iphlpapi"
	"telegraf-sysprobe/sysprobe/internal/sys/ntapi"
)

// readSockets reads the tables of TCP and UDP. Windows shows no descriptors.
func readSockets(ctx context.Context) ([]Connection, error) {
	return abandon.Call(ctx, func() ([]Connection, error) {
		var all []Connection
		for _, table := range []ipadapter.SocketTable{ipadapter.TCP4, ipadapter.TCP6, ipadapter.UDP4, ipadapter.UDP6} {
			err := iphlpapi.ReadSockets(table, func(raw *ipadapter.Socket) { all = append(all, socketOfWindows(raw, table)) })
			if err != nil {
				return nil, err
			}
		}
		return all, nil
	}, nil)
}

func (c *procsClient) connections(ctx context.Context, filter ConnectionFilter) (Connections, error) {
	const op = "read connections"
	if err := filter.check(); err != nil {
		return Connections{}, opError(op, "", err)
	}
	sockets, err := readSockets(ctx)
	sockets = slices.DeleteFunc(sockets, func(s Connection) bool { return !filter.Matches(&s) })
	if err == nil && len(sockets) > 0 {
		err = c.shots.with(ctx, 0, func(s *ProcSnapshot) { identifyOwners(sockets, s.Procs) })
	}
	return Connections{Sockets: sockets}, opError(op, "", err)
}

// identifyOwners completes the identities of owners from the process table.
func identifyOwners(sockets []Connection, rows []Proc) {
	for i := range sockets {
		owner, _ := sockets[i].Process.Get()
		if p := findPID(rows, owner.PID); p != nil {
			sockets[i].Process = Some(p.ID)
		}
	}
}

// connectionsOf reads the tables once.
func (c *procsClient) connectionsOf(ctx context.Context, ids []ProcID) []ProcConnections {
	answers := make([]ProcConnections, len(ids))
	sockets, err := readSockets(ctx)
	alive := map[ProcID]bool{}
	if err == nil {
		err = c.shots.with(ctx, 0, func(s *ProcSnapshot) {
			for _, id := range ids {
				alive[id] = findProc(s.Procs, id) != nil
			}
		})
	}
	for i, id := range ids {
		answer := err
		if err == nil && !alive[id] {
			answer = ErrNoSuchProcess
		}
		answers[i].Err = opError(opConnections, strconv.Itoa(int(id.PID)), answer)
		if answer == nil {
			answers[i].Sockets = ownedBy(sockets, id)
		}
	}
	return answers
}

func (p *processClient) connections(ctx context.Context) (Connections, error) {
	sockets, err := readSockets(ctx)
	if err != nil {
		return Connections{}, p.opError(opConnections, err)
	}
	if _, err := askNT(ctx, p, opConnections, (*ntapi.Process).IsRunning); err != nil {
		return Connections{}, err
	}
	return Connections{Sockets: ownedBy(sockets, p.id)}, nil
}

// ownedBy returns the sockets of a process.
func ownedBy(sockets []Connection, id ProcID) []Connection {
	var own []Connection
	for _, s := range sockets {
		if owner, known := s.Process.Get(); known && owner.PID == id.PID {
			s.Process = Some(id)
			own = append(own, s)
		}
	}
	return own
}
