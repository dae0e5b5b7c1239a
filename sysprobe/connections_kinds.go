package sysprobe

import (
	"fmt"
	"slices"
	"strings"
)

// ConnKinds are kinds of sockets, by psutil's words for what net_connections() takes:
// "inet", "inet4", "inet6", "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "unix" and
// "all".
type ConnKinds uint8

// The kinds, and what psutil has one word for.
const (
	KindTCP4 ConnKinds = 1 << iota
	KindTCP6
	KindUDP4
	KindUDP6
	KindUnix

	KindTCP   = KindTCP4 | KindTCP6
	KindUDP   = KindUDP4 | KindUDP6
	KindInet4 = KindTCP4 | KindUDP4
	KindInet6 = KindTCP6 | KindUDP6
	KindInet  = KindInet4 | KindInet6
	KindAll   = KindInet | KindUnix
)

// kindWord is a word for kinds.
type kindWord struct {
	kinds ConnKinds
	word  string
}

// kindWords has the words, those for more kinds first.
var kindWords = []kindWord{
	{KindAll, "all"},
	{KindInet, "inet"},
	{KindInet4, "inet4"},
	{KindInet6, "inet6"},
	{KindTCP, "tcp"},
	{KindUDP, "udp"},
	{KindTCP4, "tcp4"},
	{KindTCP6, "tcp6"},
	{KindUDP4, "udp4"},
	{KindUDP6, "udp6"},
	{KindUnix, "unix"},
}

// kindOf is the kind of a socket; 0 if it has none.
func kindOf(family Family, typ SocketType) ConnKinds {
	switch {
	case family == FamilyUnix:
		return KindUnix
	case family == FamilyInet && typ == SocketStream:
		return KindTCP4
	case family == FamilyInet6 && typ == SocketStream:
		return KindTCP6
	case family == FamilyInet && typ == SocketDatagram:
		return KindUDP4
	case family == FamilyInet6 && typ == SocketDatagram:
		return KindUDP6
	default:
		return 0
	}
}

// String returns the words for k, as few as it takes, separated by commas; kinds that
// there are not come last, in hexadecimal.
func (k ConnKinds) String() string {
	var words []string
	rest := k
	for _, w := range kindWords {
		if w.kinds&^rest == 0 {
			words = append(words, w.word)
			rest &^= w.kinds
		}
	}
	if rest != 0 {
		words = append(words, fmt.Sprintf("%#x", uint8(rest)))
	}
	return strings.Join(words, ",")
}

// MarshalText writes String; it never fails.
func (k ConnKinds) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads words of psutil, separated by commas; any other text is an
// error that lists the words.
func (k *ConnKinds) UnmarshalText(text []byte) error {
	var kinds ConnKinds
	for word := range strings.SplitSeq(string(text), ",") {
		i := slices.IndexFunc(kindWords, func(w kindWord) bool { return w.word == word })
		if i < 0 && len(text) > 0 {
			return fmt.Errorf("unknown kind of connections %q: it is one of %s", word, kindList())
		}
		if i >= 0 {
			kinds |= kindWords[i].kinds
		}
	}
	*k = kinds
	return nil
}

// kindList lists the words.
func kindList() string {
	words := make([]string, len(kindWords))
	for i, w := range kindWords {
		words[i] = w.word
	}
	return strings.Join(words, ", ")
}
