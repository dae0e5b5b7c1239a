// Package metric makes fields of Telegraf metrics from the values of package
// sysprobe.
//
// A value that is absent sets no field. An integer becomes an int64: line
// protocol has signed integers, and larger ones only with an option of both the
// serializer and the database. A boolean has a twin of type integer, since half
// of the outputs drop booleans or cannot compute with them.
//
// A name, which might hold any bytes, is written alike in tags and in fields, so
// that the field "master" of one metric equals the tag "interface" of another
// (package lineproto has the rule). Other text, such as a command line, is a
// field only, and stays as it is where it is UTF-8.
package metric

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unique"

	"telegraf-sysprobe/plugins/internal/lineproto"
	"telegraf-sysprobe/sysprobe"
)

// Set sets a field to value, unless value is absent.
func Set(f *Fields, name string, value sysprobe.Opt[float64]) {
	if v, known := value.Get(); known {
		f.Put(name, v)
	}
}

// Bool sets a field to value and the field <name>_code to 1 for true and 0 for
// false.
func Bool(f *Fields, name string, value bool) {
	var code int64
	if value {
		code = 1
	}
	f.Put(name, value)
	f.Put(twin(name), code)
}

// twin returns the name of the integer beside a field. It allocates nothing for a name
// that is in use.
func twin(name string) string { return unique.Make(name + "_code").Value() }

// SetBool does what Bool does, unless value is absent.
func SetBool(f *Fields, name string, value sysprobe.Opt[bool]) {
	if v, known := value.Get(); known {
		Bool(f, name, v)
	}
}

// integer is a number that Int can clamp.
type integer interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

// Int returns n as an integer of line protocol. A number above the largest
// int64 becomes that.
func Int[T integer](n T) int64 {
	if n > 0 && uint64(n) > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(n)
}

// SetInt sets a field to an integer, unless value is absent.
func SetInt[T integer](f *Fields, name string, value sysprobe.Opt[T]) {
	if v, known := value.Get(); known {
		f.Put(name, Int(v))
	}
}

// enum is a number that has a name.
type enum interface {
	integer
	String() string
}

// SetEnum sets a field to the name of value and the field <name>_code to its
// number, unless value is absent.
func SetEnum[T enum](f *Fields, name string, value sysprobe.Opt[T]) {
	if v, known := value.Get(); known {
		setCoded(f, name, v.String(), Int(v))
	}
}

// setCoded sets a field to text and its twin to a number.
func setCoded(f *Fields, name, text string, code int64) {
	f.Put(name, text)
	f.Put(twin(name), code)
}

// Name returns the name of something as SetTag and SetName write it; nothing for none.
func Name(text string) string {
	if text == "" {
		return ""
	}
	return lineproto.Tag(text)
}

// SetName sets a field to the name of something, as SetTag writes it, unless the
// name is empty.
func SetName(f *Fields, field, name string) {
	if name != "" {
		f.Put(field, lineproto.Tag(name))
	}
}

// SetNames sets a field to names separated by commas, each as SetName writes it
// but with %2C for a comma, unless there is no name.
func SetNames(f *Fields, field string, names []string) {
	if len(names) == 0 {
		return
	}
	escaped := make([]string, len(names))
	for i, name := range names {
		escaped[i] = strings.ReplaceAll(lineproto.Tag(name), ",", "%2C")
	}
	f.Put(field, strings.Join(escaped, ","))
}

// SetText sets a field to text that is no name, unless text is empty.
func SetText(f *Fields, name, text string) {
	if text != "" {
		f.Put(name, lineproto.Field(text))
	}
}

// SetSeconds sets a field to a duration in seconds, with fractions, unless
// value is absent.
func SetSeconds(f *Fields, name string, value sysprobe.Opt[time.Duration]) {
	if v, known := value.Get(); known {
		f.Put(name, v.Seconds())
	}
}

// SetTime sets a field to nanoseconds since 1970, unless at is the zero time.
func SetTime(f *Fields, name string, at time.Time) {
	if !at.IsZero() {
		f.Put(name, at.UnixNano())
	}
}

// SetTag sets a tag to text, unless text is empty.
func SetTag(tags map[string]string, name, text string) {
	if text != "" {
		tags[name] = lineproto.Tag(text)
	}
}

// AddTag adds the tag that an option tag_with asks for, unless text is empty. It
// is named <fact>_tag: the field of that fact stays, and a database whose queries
// do not tell tags and fields apart has no tag and field of one name, whatever the
// options were when it got the points.
func AddTag(tags map[string]string, fact, text string) {
	SetTag(tags, fact+"_tag", text)
}

// AddFieldTag does what AddTag does with the value of a field, unless f lacks it.
// The value is an integer, or text that is a name already.
func AddFieldTag(tags map[string]string, f *Fields, field string) {
	switch value := f.Get(field).(type) {
	case string:
		tags[field+"_tag"] = value
	case int64:
		tags[field+"_tag"] = strconv.FormatInt(value, 10)
	}
}
