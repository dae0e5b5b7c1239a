package sysprobe

import "sort"

// extend returns s with one more element, and a pointer to it. The element still
// has the memory that it had when s was as long before.
func extend[T any](s []T) ([]T, *T) {
	if len(s) == cap(s) {
		s = append(s, *new(T))
	} else {
		s = s[:len(s)+1]
	}
	return s, &s[len(s)-1]
}

// linkRows gives access to the Links in rows of any type.
type linkRows struct {
	n  int
	at func(i int) *Link
}

// sorted reports whether the rows are in the order of their index, as the
// kernel lists them since Linux 6.10.
func (r linkRows) sorted() bool {
	for i := 1; i < r.n; i++ {
		if r.at(i-1).Index > r.at(i).Index {
			return false
		}
	}
	return true
}

// find returns the position of the link with that index, or -1. The rows are
// in the order of their index.
func (r linkRows) find(index int) int {
	i := sort.Search(r.n, func(i int) bool { return r.at(i).Index >= index })
	if i < r.n && r.at(i).Index == index {
		return i
	}
	return -1
}

// nameMasters sets MasterName from MasterIndex.
func (r linkRows) nameMasters() {
	for i := range r.n {
		l := r.at(i)
		if l.MasterIndex == 0 {
			continue
		}
		if m := r.find(l.MasterIndex); m >= 0 {
			l.MasterName = r.at(m).Name
		}
	}
}
