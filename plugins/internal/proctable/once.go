package proctable

// Once lets each message pass one time, since most repeat at every gather. The
// zero value is ready.
type Once struct{ said map[string]bool }

// First reports whether it is called with that topic for the first time.
func (o *Once) First(topic string) bool {
	if o.said[topic] {
		return false
	}
	if o.said == nil {
		o.said = map[string]bool{}
	}
	o.said[topic] = true
	return true
}
