package sysprobe

// NetNSWatch notifies when namespaces of [NamedNetNS] might have come or gone. It
// is safe for concurrent use.
type NetNSWatch struct {
	client *netNSWatchClient
}

// OpenNetNSWatch begins to watch. A nil c means defaults. It needs no privilege.
// Its error wraps [ErrNotSupported] on another system than Linux, and
// fs.ErrNotExist where c.ProcRoot has no proc(5).
//
// Source: poll(2) of self/mountinfo in c.ProcRoot, because a namespace that has a
// name is mounted on it. There is no notification of one whose name is a symbolic
// link.
func OpenNetNSWatch(c *Config) (*NetNSWatch, error) {
	client, err := configured(c, netNSClient{}.watch)
	if err != nil {
		return nil, err
	}
	return &NetNSWatch{client: client}, nil
}

// Changed returns a channel that receives a value at first, and then after any
// mount came or went. Changes that were not received yet are one value. Close
// closes the channel.
func (w *NetNSWatch) Changed() <-chan struct{} { return w.client.Changed() }

// Close ends the watch and waits for its goroutine. A second Close returns an error
// that wraps fs.ErrClosed.
func (w *NetNSWatch) Close() error { return w.client.close() }

// unsupportedNetNSWatch is the client of a system without network namespaces.
type unsupportedNetNSWatch struct{}

// Changed returns a channel that receives nothing.
func (unsupportedNetNSWatch) Changed() <-chan struct{} { return nil }

func (unsupportedNetNSWatch) close() error { return ErrNotSupported }
