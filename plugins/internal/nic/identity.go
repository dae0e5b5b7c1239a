package nic

import "telegraf-sysprobe/sysprobe"

// Identity returns the path of the namespace with that tag, which is empty for the
// own one, and the identity that it had when its handle was opened. It reports
// whether the namespace is among those to read.
func (r *Reader[S]) Identity(tag string) (path string, id sysprobe.NetNSID, known bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.spaces {
		if s.tag == tag && !s.twin {
			return s.path, s.id, true
		}
	}
	return "", sysprobe.NetNSID{}, false
}
