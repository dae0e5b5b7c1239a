package sysprobe

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"sync"
	"time"

	"telegraf-sysprobe/sysprobe/internal/decode/procfs"
	"telegraf-sysprobe/sysprobe/internal/decode/taskrec"
	"telegraf-sysprobe/sysprobe/internal/sys/clock"
	"telegraf-sysprobe/sysprobe/internal/sys/netns"
	"telegraf-sysprobe/sysprobe/internal/sys/nlconn"
	"telegraf-sysprobe/sysprobe/internal/sys/procdir"
)

// procsClient reads the process table.
type procsClient struct {
	path    string // of proc(5)
	sysRoot string
	netNS   *os.File // of Config.NetNS, held as a socket in there holds it; nil for the own one
	own     bool     // its PIDs are those that system calls mean
	dead    bool     // Config.OnlyDead
	now     func() time.Time
	buffers sync.Pool // of *procdir.Buffer, for calls that do not take a turn
	reads   sync.Pool // of *processRead
	kept    *procdir.Budget
	sockets lateSource[taskrec.SocketTable]
	kin     lateSource[taskrec.KinTable]

	statusMu sync.Mutex // guards status, for which backend does not wait its turn
	status   BackendStatus

	turn *turn // guards what follows
	procReader
	pids    []int32
	workers procWorkers
	bpf     bpfSource
	sources []source // in the order of preference
	sweep   sweep    // of the snapshot under way
	denial  capText  // of firstDenied
}

var _ procsBackend = (*procsClient)(nil)

// source fills the rows of a snapshot from one kernel interface. Its fill returns
// an error that is errFallback where the next source can take its place.
type source struct {
	backend Backend
	fill    func(context.Context, *sweep) error
}

var errFallback = errors.New("another backend can be used")

// fallbackError is an error that is errFallback.
type fallbackError struct{ error }

// Is implements errors.Is.
func (fallbackError) Is(target error) bool { return target == errFallback }

// Unwrap returns the cause.
func (e fallbackError) Unwrap() error { return e.error }

// maxKeptOpen is of how many processes at once files stay open between calls of
// Process.Read: three each.
const maxKeptOpen = 64

func newProcsClient(cfg Config) (*procsClient, error) {
	netNS, err := openNetNS(cfg)
	if err != nil {
		return nil, err
	}
	root, err := procdir.Open(cfg.ProcRoot)
	if err != nil {
		netNS.Close()
		return nil, opError("open process table", cfg.ProcRoot, err)
	}
	buf := new(procdir.Buffer)
	c := &procsClient{
		path:    cfg.ProcRoot,
		sysRoot: cfg.SysRoot,
		netNS:   netNS,
		own:     root.IsOwn(buf),
		dead:    cfg.OnlyDead,
		now:     cfg.Now,
		kept:    procdir.NewBudget(maxKeptOpen),
		turn:    newTurn(),
		workers: procWorkers{most: cfg.Workers},
		procReader: procReader{
			root:     root,
			buf:      buf,
			pageSize: uint64(os.Getpagesize()),
			self:     ownCredentials(),
			origins:  newOriginReader(root, cfg.SysRoot),
		},
	}
	c.origins.begin(buf, cfg.Now())
	c.bpf.client = c
	c.sockets.lateTable, c.sockets.client = descriptorTable(), c
	c.kin.lateTable, c.kin.client = kinTable(), c
	if cfg.Backend != BackendProcFS {
		c.sources = append(c.sources, source{BackendBPF, c.bpf.fill})
	}
	if cfg.Backend != BackendBPF {
		c.sources = append(c.sources, source{BackendProcFS, c.sweepFiles})
	}
	if cfg.Backend == BackendProcFS {
		c.setBackend(BackendProcFS, nil)
	}
	return c, nil
}

// openNetNS opens the file of the configured network namespace, which keeps that, and
// returns an error where sockets in there cannot be asked for.
func openNetNS(cfg Config) (*os.File, error) {
	if cfg.NetNS == "" {
		return nil, nil //nolint:nilnil // the own one needs no file
	}
	path := netns.Path(cfg.NetNS)
	file, err := netns.Open(path)
	if err != nil {
		return nil, opError("open process table", path, err)
	}
	sock, err := nlconn.DialDiag(file)
	if err != nil {
		file.Close()
		return nil, opError("open process table", path, err)
	}
	return file, opError("open process table", path, sock.Close())
}

// close waits for the snapshot that is under way, which it ends early.
func (c *procsClient) close() error {
	return opError("close process table", c.path, c.turn.end(func() error {
		err := errors.Join(c.root.Close(), c.bpf.close(), c.sockets.close(), c.kin.close())
		if c.netNS != nil {
			err = errors.Join(err, c.netNS.Close())
		}
		return err
	}))
}

// interrupted returns why a snapshot has to end early: the process table is
// about to be closed, or ctx has ended; nil otherwise.
func (c *procsClient) interrupted(ctx context.Context) error {
	if c.turn.closed.Load() {
		return fs.ErrClosed
	}
	return ctx.Err()
}

func (c *procsClient) snapshot(ctx context.Context, dst *ProcSnapshot, want Fields) error {
	var err error
	if ctx.Done() == nil { // nothing can be left: the snapshot allocates nothing
		err = c.readInTurn(ctx, dst, want)
	} else {
		err = inTurn(ctx, c.turn, opSnapshot, c.path, dst, func(dst *ProcSnapshot) error { return c.read(ctx, dst, want) })
	}
	if err != nil {
		*dst = ProcSnapshot{Procs: dst.Procs[:0], spare: dst.spare}
	}
	return err
}

const opSnapshot = "snapshot processes"

// readInTurn is read, when it is its turn.
func (c *procsClient) readInTurn(ctx context.Context, dst *ProcSnapshot, want Fields) error {
	if err := c.turn.take(ctx); err != nil {
		return opError(opSnapshot, c.path, err)
	}
	defer c.turn.free()
	return c.read(ctx, dst, want)
}

// read is snapshot, in its turn.
func (c *procsClient) read(ctx context.Context, dst *ProcSnapshot, want Fields) error {
	sw := &c.sweep
	*sw = dst.begin(c.now(), want)
	sw.onlyDead = c.dead
	defer func() { *sw = sweep{} }() // the rows are the snapshot's
	if err := c.interrupted(ctx); err != nil {
		return opError(opSnapshot, c.path, err)
	}
	if want&WantOrigin != 0 {
		c.origins.begin(c.buf, dst.Taken)
	}
	if err := c.fillSweep(ctx, sw); err != nil {
		return err
	}
	if sw.onlyDead {
		c.selectDead(sw)
	}
	dst.FirstDenied = c.firstDenied(sw)
	dst.BootTime = c.bootTime(sw)
	if sw.exhausted != nil {
		return opError(opSnapshot, c.path, sw.exhausted)
	}
	dst.Backend = c.backend().Used
	dst.commit(sw)
	return nil
}

// fillSweep fills sw from the first source that can.
func (c *procsClient) fillSweep(ctx context.Context, sw *sweep) error {
	var reason error
	for i, s := range c.sources {
		sw.restart()
		err := s.fill(ctx, sw)
		if err == nil || i == len(c.sources)-1 || !errors.Is(err, errFallback) {
			c.setBackend(s.backend, reason) // not before: others ask meanwhile
			return err
		}
		reason = err
	}
	return opError(opSnapshot, c.path, ErrNotSupported)
}

// load implements Procs.Load.
func (c *procsClient) load(ctx context.Context) error {
	return inTurn(ctx, c.turn, "load process table", c.path, new(struct{}), func(*struct{}) error { return c.loadBPF(ctx) })
}

// loadBPF is load, in its turn.
func (c *procsClient) loadBPF(ctx context.Context) error {
	preferred := c.sources[0]
	if preferred.backend != BackendBPF {
		return nil
	}
	err := c.bpf.load(ctx)
	switch {
	case err == nil:
		c.setBackend(BackendBPF, nil)
	case len(c.sources) == 1 || !errors.Is(err, errFallback):
		return err
	default:
		c.setBackend(c.sources[1].backend, err)
	}
	return nil
}

// backend implements Procs.Backend.
func (c *procsClient) backend() BackendStatus {
	c.statusMu.Lock()
	defer c.statusMu.Unlock()
	return c.status
}

// setBackend sets what backend returns.
func (c *procsClient) setBackend(used Backend, reason error) {
	c.statusMu.Lock()
	defer c.statusMu.Unlock()
	c.status = BackendStatus{Used: used, Reason: reason}
}

// bootTime returns when the machine started. It reads the file each time, as a
// step of the wall clock moves it. A mount with subset=pid has no such file; of the
// running kernel, clocks have the time then, and of a copy nothing has.
func (c *procsClient) bootTime(sw *sweep) time.Time {
	b, err := c.root.Read(c.buf, procdir.Stat)
	if isGone(err) && c.root.IsKernel() {
		return time.Now().Add(-clock.Boot()).Round(ticks(1))
	}
	var seconds uint64
	if err == nil {
		seconds, err = procfs.DecodeBootTime(b)
	}
	if err != nil {
		sw.missed(err)
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0)
}

func (c *procsClient) lookup(ctx context.Context, pid int32, want Fields) (Proc, error) {
	const op = "look up process"
	if pid < 0 {
		return Proc{}, pidError(op, pid, fs.ErrInvalid)
	}
	var p Proc
	err := inTurn(ctx, c.turn, op, strconv.Itoa(int(pid)), &p, func(p *Proc) error {
		return pidError(op, pid, c.lookUp(p, pid, want))
	})
	if err != nil {
		return Proc{}, err
	}
	return p, nil
}

// lookUp is lookup, in its turn.
func (c *procsClient) lookUp(p *Proc, pid int32, want Fields) error {
	sw := sweep{want: want}
	if err := c.fill(p, pid, nil, &sw); err != nil {
		if isGone(err) {
			err = ErrNoSuchProcess
		}
		return err
	}
	// A thread answers below /proc too, though it is not listed there.
	b, err := c.root.Dir(pid).Read(c.buf, procdir.Status)
	if err == nil {
		if st, err := procfs.DecodeStatus(b); err == nil && st.Tgid != pid {
			return ErrNoSuchProcess
		}
	}
	sw.watch(err)
	return sw.exhausted
}
