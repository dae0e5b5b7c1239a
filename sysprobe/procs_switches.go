package sysprobe

// threadSwitches are the context switches of the threads of a process that had
// several, as the last snapshot saw them.
type threadSwitches struct {
	live []threadSwitch // by TID
	gone ProcSwitches   // of the threads that ended since the first snapshot
}

// threadSwitch are the context switches of one thread.
type threadSwitch struct {
	tid      int32
	switches ProcSwitches
}

// update takes in what a snapshot saw of the threads that live, by TID, and returns
// the sum over all. A thread with fewer switches than the last snapshot saw is
// another one with the same ID.
func (t *threadSwitches) update(now []threadSwitch) (sum ProcSwitches) {
	at := 0
	for i := range t.live {
		old := &t.live[i]
		for at < len(now) && now[at].tid < old.tid {
			at++
		}
		if at == len(now) || now[at].tid != old.tid || !now[at].switches.follows(old.switches) {
			t.gone = t.gone.plus(old.switches)
		}
	}
	t.live = append(t.live[:0], now...)
	sum = t.gone
	for i := range now {
		sum = sum.plus(now[i].switches)
	}
	return sum
}

// follows reports that the counters can be those of before some time later.
func (s ProcSwitches) follows(before ProcSwitches) bool {
	return s.Voluntary >= before.Voluntary && s.Involuntary >= before.Involuntary
}

func (s ProcSwitches) plus(o ProcSwitches) ProcSwitches {
	return ProcSwitches{s.Voluntary + o.Voluntary, s.Involuntary + o.Involuntary}
}
