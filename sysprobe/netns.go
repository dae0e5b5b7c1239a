package sysprobe

import "context"

// NamedNetNS returns the paths of the network namespaces that ip-netns(8) keeps
// in /run/netns, sorted; none where it never made one. It leaves out a file on
// which no namespace is mounted, as is the case for a moment before and after.
// It needs no privilege. Its error wraps [ErrNotSupported] on another system than
// Linux.
func NamedNetNS() ([]string, error) { return netNSClient{}.named() }

// ListNetNS returns the paths of the network namespaces that a path means, sorted:
// those in a directory such as /run/docker/netns, or those that match a pattern of
// path/filepath.Match. Any other path means itself, whether it exists or not. It
// leaves out files that are no namespaces. Its error wraps fs.ErrPermission where
// the caller must not read the directory, path/filepath.ErrBadPattern, and
// [ErrNotSupported] on another system than Linux.
func ListNetNS(path string) ([]string, error) { return netNSClient{}.list(path) }

// NetNSID identifies a network namespace, however many names it has. When the
// namespace is gone, the kernel might use the numbers again for another one; an open
// handle in the namespace keeps that from happening.
type NetNSID struct{ Device, Inode uint64 }

// IdentifyNetNS returns the identity of a network namespace, which is as in
// Config.NetNS. It needs no privilege, except CAP_SYS_PTRACE for the namespace of
// another user's process in /proc. Its error wraps fs.ErrNotExist where there is
// no namespace, [ErrAccessDenied], and [ErrNotSupported] on another system than
// Linux.
//
// Source: stat(2) of the file of the namespace, as in namespaces(7).
func IdentifyNetNS(netns string) (NetNSID, error) { return netNSClient{}.identify(netns) }

// LocalNetNSID returns the ID by which the network namespace in knows the namespace
// of, which LinkDetail.PeerNetNSID and LowerNetNSID have of interfaces in in. Both
// are as in Config.NetNS. The ID is absent where in has none for it; it stays for as
// long as both namespaces exist. It needs CAP_SYS_ADMIN to enter another namespace
// than the own one. Its error wraps fs.ErrNotExist where there is no such namespace,
// [ErrAccessDenied], the error of ctx, and [ErrNotSupported] on another system than
// Linux.
//
// Source: RTM_GETNSID of rtnetlink(7).
func LocalNetNSID(ctx context.Context, in, of string) (Opt[int32], error) {
	return netNSClient{}.localID(ctx, in, of)
}

// MayEnterNetNS returns nil where this process is allowed to enter other network
// namespaces, for Config.NetNS. Its error wraps [ErrAccessDenied] where the
// process lacks CAP_SYS_ADMIN (setns(2)), and [ErrNotSupported] on another system
// than Linux.
func MayEnterNetNS() error { return netNSClient{}.mayEnter() }

// unsupportedNetNS is the client of a system without network namespaces.
type unsupportedNetNS struct{}

func (unsupportedNetNS) named() ([]string, error) {
	return nil, opError("list network namespaces", "", ErrNotSupported)
}

func (unsupportedNetNS) mayEnter() error {
	return opError("enter other network namespaces", "", ErrNotSupported)
}

func (unsupportedNetNS) list(path string) ([]string, error) {
	return nil, opError("list network namespaces", path, ErrNotSupported)
}

func (unsupportedNetNS) identify(name string) (NetNSID, error) {
	return NetNSID{}, opError("identify network namespace", name, ErrNotSupported)
}

func (unsupportedNetNS) localID(_ context.Context, _, of string) (Opt[int32], error) {
	return Opt[int32]{}, opError("look up the ID of a network namespace", of, ErrNotSupported)
}

func (unsupportedNetNS) watch(Config) (*netNSWatchClient, error) {
	return nil, opError("watch network namespaces", "", ErrNotSupported)
}
