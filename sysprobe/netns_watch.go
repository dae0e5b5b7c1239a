package sysprobe

// NetNSWatch tells when the network namespaces of [NamedNetNS] may be others
// than before. It is safe for concurrent use.
type NetNSWatch struct {
	client *netNSWatchClient
}

// OpenNetNSWatch begins to watch. It needs no privilege. It returns an error
// that answers to [ErrNotSupported] on another system than Linux, and to
// fs.ErrNotExist where proc(5) is not mounted.
//
// Source: poll(2) of /proc/self/mountinfo, for a namespace that has a name is
// mounted on it. One whose name is a symbolic link is not told of.
func OpenNetNSWatch() (*NetNSWatch, error) {
	client, err := newNetNSWatchClient()
	if err != nil {
		return nil, err
	}
	return &NetNSWatch{client: client}, nil
}

// Changed receives a value after any mount came or went, and at first. Changes
// that nobody waited for are one. It is not closed.
func (w *NetNSWatch) Changed() <-chan struct{} { return w.client.changed }

// Close ends the watch and waits for its goroutine. Further calls return an
// error that answers to fs.ErrClosed.
func (w *NetNSWatch) Close() error { return w.client.close() }
