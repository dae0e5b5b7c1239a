package sysprobe

// NamedNetNS returns the paths of the network namespaces that ip-netns(8) keeps
// in /run/netns, sorted; none where it never made one. A file that is there
// before or after its namespace is left out. It needs no privilege. It returns
// an error that answers to [ErrNotSupported] on another system than Linux.
func NamedNetNS() ([]string, error) { return namedNetNS() }

// MayEnterNetNS returns nil where this process may enter other network
// namespaces, as Config.NetNS makes it do, and an error that answers to
// [ErrAccessDenied] where it has not the CAP_SYS_ADMIN that this takes
// (setns(2)).
func MayEnterNetNS() error { return mayEnterNetNS() }
