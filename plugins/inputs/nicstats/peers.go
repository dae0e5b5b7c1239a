package nicstats

import (
	"context"

	"telegraf-sysprobe/sysprobe"
)

// view is what was read of a network namespace.
type view struct {
	netns    string // the tag
	snapshot *sysprobe.LinkSnapshot
}

// peers finds, in other namespaces that were read, the other ends of interfaces
// that are made in pairs.
type peers struct {
	// identity is nic.Reader.Identity, and localID sysprobe.LocalNetNSID.
	identity func(tag string) (path string, id sysprobe.NetNSID, known bool)
	localID  func(ctx context.Context, in, of string) (sysprobe.Opt[int32], error)

	ids  map[[2]sysprobe.NetNSID]sysprobe.Opt[int32] // by the namespaces in and of
	used map[[2]sysprobe.NetNSID]bool                // in this gather
}

// pair identifies an interface by its index and that of the other end.
type pair struct{ index, peer int }

// end is an interface of a pair.
type end struct {
	netns string
	link  *sysprobe.LinkStats
}

// name sets the names of the peers of all links that have one in another of the
// namespaces. It returns the tags of these namespaces by link.
func (p *peers) name(ctx context.Context, views []view) map[*sysprobe.LinkStats]string {
	ends := map[pair][]end{}
	for _, v := range views {
		for i := range v.snapshot.Links {
			if l := &v.snapshot.Links[i]; l.Detail.PeerNetNSID.Known() {
				key := pair{l.Link.Index, l.Detail.PeerIndex}
				ends[key] = append(ends[key], end{v.netns, l})
			}
		}
	}
	p.used = map[[2]sysprobe.NetNSID]bool{}
	found := map[*sysprobe.LinkStats]string{}
	for key, here := range ends {
		for _, there := range ends[pair{key.peer, key.index}] {
			for _, e := range here {
				if e.netns != there.netns && p.isID(ctx, e.link.Detail.PeerNetNSID.Or(-1), e.netns, there.netns) {
					e.link.Detail.PeerName, found[e.link] = there.link.Link.Name, there.netns
				}
			}
		}
	}
	for key := range p.ids {
		if !p.used[key] {
			delete(p.ids, key)
		}
	}
	return found
}

// isID reports whether the namespace in knows the namespace of by that ID. It asks
// the kernel once for each two.
func (p *peers) isID(ctx context.Context, id int32, in, of string) bool {
	inPath, inID, known := p.identity(in)
	ofPath, ofID, alsoKnown := p.identity(of)
	if !known || !alsoKnown {
		return false // it was removed meanwhile
	}
	key := [2]sysprobe.NetNSID{inID, ofID}
	local, asked := p.ids[key]
	if !asked {
		var err error
		if local, err = p.localID(ctx, inPath, ofPath); err != nil {
			return false
		}
		if p.ids == nil {
			p.ids = map[[2]sysprobe.NetNSID]sysprobe.Opt[int32]{}
		}
		p.ids[key] = local
	}
	p.used[key] = true
	return local == sysprobe.Some(id)
}
