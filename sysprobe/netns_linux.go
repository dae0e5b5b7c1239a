package sysprobe

import (
	"cmp"
	"context"
	"path/filepath"

	"telegraf-sysprobe/sysprobe/internal/sys/netns"
	"telegraf-sysprobe/sysprobe/internal/sys/nlconn"
)

// netNSClient asks for what ip-netns(8) keeps, and for this process's privilege.
type netNSClient struct{}

func (netNSClient) named() ([]string, error) {
	paths, err := netns.Named()
	return paths, opError("list network namespaces", netns.Dir, err)
}

func (netNSClient) list(path string) ([]string, error) {
	paths, err := netns.List(path)
	return paths, opError("list network namespaces", path, err)
}

func (netNSClient) identify(name string) (NetNSID, error) {
	path := netns.Path(name)
	id, err := netns.Identify(path)
	return NetNSID(id), opError("identify network namespace", path, err)
}

func (netNSClient) localID(ctx context.Context, in, of string) (id Opt[int32], err error) {
	const op = "look up the ID of a network namespace"
	path := netns.Path(of)
	file, err := netns.Open(cmp.Or(path, netns.Own))
	if err != nil {
		return id, opError(op, path, err)
	}
	defer file.Close()
	route := nlconn.NewRoute(func() (nlconn.Socket, error) { return nlconn.DialRoute(netns.Path(in)) })
	defer func() { err = cmp.Or(err, opError(op, path, route.Close())) }()
	n, err := route.NSID(ctx, file)
	return someIf(n, err == nil && n >= 0), opError(op, path, err)
}

func (netNSClient) mayEnter() error {
	return opError("enter other network namespaces", "", netns.MayEnter())
}

// netNSWatchClient watches the mounts of the process to which ProcRoot/self
// points: of this one, where ProcRoot is of its PID namespace.
type netNSWatchClient struct{ *netns.Watch }

func (netNSClient) watch(cfg Config) (*netNSWatchClient, error) {
	mountInfo := filepath.Join(cfg.ProcRoot, "self", "mountinfo")
	w, err := netns.NewWatch(mountInfo)
	if err != nil {
		return nil, opError("watch network namespaces", mountInfo, err)
	}
	return &netNSWatchClient{w}, nil
}

func (c *netNSWatchClient) close() error {
	return opError("close network namespace watch", "", c.Close())
}
