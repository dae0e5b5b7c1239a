package ethtool

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mdlayher "github.com/mdlayher/ethtool"
	"golang.org/x/sys/unix"

	"telegraf-sysprobe/sysprobe/internal/opt"
)

// fakeClient stands for the library and its kernel. It knows interfaces 1 to
// links, and lists the questions.
type fakeClient struct {
	links  int
	asked  []string
	port   mdlayher.Port
	dump   map[string]error // of dumps, by question
	fails  map[string]error // of single requests, by question and index
	panics map[string]bool  // by question, and by question and index
	opened int
	open   int // clients that were not closed
}

// kernel makes a Kernel of f.
func (f *fakeClient) kernel() Kernel {
	k := kernelOf(func(request) answer { return answer{} })
	k.Client = func() (Client, error) {
		f.opened++
		f.open++
		return f, nil
	}
	return k
}

// about notes a question and fails as the test says.
func (f *fakeClient) about(question string) error {
	f.asked = append(f.asked, question)
	if f.panics[question] {
		panic("what this driver sent is not understood")
	}
	if err := f.dump[question]; err != nil {
		return &mdlayher.Error{Err: err}
	}
	if err := f.fails[question]; err != nil {
		return &mdlayher.Error{Err: err}
	}
	return nil
}

// all makes the replies to a dump.
func all[T any](f *fakeClient, question string, one func(mdlayher.Interface) *T) ([]*T, error) {
	if err := f.about(question); err != nil {
		return nil, err
	}
	var answers []*T
	for i := range f.links + 1 { // the last one is of a link that nobody asked about
		answers = append(answers, one(mdlayher.Interface{Index: i + 1}))
	}
	return answers, nil
}

// one makes the answer about an interface.
func one[T any](f *fakeClient, question string, ifi mdlayher.Interface, one func(mdlayher.Interface) *T) (*T, error) {
	if err := f.about(fmt.Sprintf("%s %d", question, ifi.Index)); err != nil {
		return nil, err
	}
	return one(ifi), nil
}

func (f *fakeClient) linkInfo(i mdlayher.Interface) *mdlayher.LinkInfo {
	return &mdlayher.LinkInfo{Interface: i, Port: f.port}
}

func (*fakeClient) wakeOnLAN(i mdlayher.Interface) *mdlayher.WakeOnLAN {
	return &mdlayher.WakeOnLAN{Interface: i, Modes: mdlayher.Magic | 1<<9}
}

func (*fakeClient) privateFlags(i mdlayher.Interface) *mdlayher.PrivateFlags {
	return &mdlayher.PrivateFlags{Interface: i, Flags: map[string]bool{"z": true, "a": false}}
}

func (f *fakeClient) LinkInfos() ([]*mdlayher.LinkInfo, error) { return all(f, "port", f.linkInfo) }

func (f *fakeClient) LinkInfo(i mdlayher.Interface) (*mdlayher.LinkInfo, error) {
	return one(f, "port", i, f.linkInfo)
}

func (f *fakeClient) AllPrivateFlags() ([]*mdlayher.PrivateFlags, error) {
	return all(f, "flags", f.privateFlags)
}

func (f *fakeClient) PrivateFlags(i mdlayher.Interface) (*mdlayher.PrivateFlags, error) {
	return one(f, "flags", i, f.privateFlags)
}

func (f *fakeClient) WakeOnLANs() ([]*mdlayher.WakeOnLAN, error) { return all(f, "wake", f.wakeOnLAN) }

func (f *fakeClient) WakeOnLAN(i mdlayher.Interface) (*mdlayher.WakeOnLAN, error) {
	return one(f, "wake", i, f.wakeOnLAN)
}

func (f *fakeClient) Close() error {
	f.open--
	return nil
}

// settingsOf reads links and returns their settings, and how many failed and
// were denied.
func settingsOf(t *testing.T, r *Reader, f *fakeClient, links []Link, want Want) (all []Settings, counts string) {
	t.Helper()
	f.asked = nil
	view, err := r.Read(t.Context(), links, want)
	if err != nil || view.Err() != nil {
		t.Fatal(err, view.Err())
	}
	for _, l := range links {
		facts, late := view.Facts(l.Index)
		if facts == nil || late {
			t.Fatalf("no facts of %s", l.Name)
		}
		all = append(all, facts.Settings)
	}
	return all, fmt.Sprint(view.Failed(), " failed ", view.Denied(), " denied")
}

// newFakeReader returns a reader of f for the time of a test.
func newFakeReader(t *testing.T, f *fakeClient) *Reader {
	t.Helper()
	r := NewReader(f.kernel(), time.Hour)
	t.Cleanup(func() {
		if err := r.Close(); err != nil || f.open != 0 {
			t.Errorf("Close returned %v and left %d clients open", err, f.open)
		}
	})
	return r
}

// complete are all settings that a fakeClient has.
func complete(port uint8) Settings {
	return Settings{
		Port:         opt.Some(port),
		WakeOnLAN:    opt.Some(uint32(1<<5 | 1<<9)),
		PrivateFlags: []PrivateFlag{{"a", false}, {"z", true}},
	}
}

// each repeats s for each link.
func each(links []Link, s Settings) []Settings {
	var all []Settings
	for range links {
		all = append(all, s)
	}
	return all
}

var compareSettings = cmp.Comparer(func(a, b Settings) bool { return reflect.DeepEqual(a, b) })

const everything = WantWakeOnLAN | WantPrivateFlags

func TestSettingsAreRemembered(t *testing.T) {
	f := &fakeClient{links: 20}
	r := newFakeReader(t, f)
	links := linksOf(20)
	check := func(what string, want []Settings, asked ...string) {
		t.Helper()
		got, counts := settingsOf(t, r, f, links, everything)
		if diff := cmp.Diff(want, got, compareSettings); diff != "" || counts != "0 failed 0 denied" {
			t.Errorf("%s: %s (-want +got):\n%s", what, counts, diff)
		}
		if diff := cmp.Diff(asked, f.asked); diff != "" {
			t.Errorf("%s: asked (-want +got):\n%s", what, diff)
		}
	}
	all := each(links, complete(0))
	check("many new links are asked about at once", all, "port", "flags", "wake")
	f.port = 3
	check("nothing has changed", all)
	change := func(i int, set func(*Link)) {
		set(&links[i])
		all[i] = complete(3)
	}
	change(4, func(l *Link) { l.CarrierChanges++ })
	check("a carrier was lost", all, "port 5", "flags 5", "wake 5")
	change(5, func(l *Link) { l.Flags |= 1 })
	check("a link was set up", all, "port 6", "flags 6", "wake 6")
	change(6, func(l *Link) { l.Address[5]++ })
	check("another interface of the same index", all, "port 7", "flags 7", "wake 7")
	change(7, func(l *Link) { l.Name = "new" })
	check("a link was renamed", all, "port 8", "flags 8", "wake 8")
	a := <-r.idle
	a.library.every = 0
	r.idle <- a
	check("it was long ago", each(links, complete(3)), "port", "flags", "wake")
	a = <-r.idle
	a.library.every = time.Hour
	r.idle <- a
	links = links[:3]
	check("links are gone", each(links, complete(3)))
	if f.opened != 1 {
		t.Errorf("%d clients were opened, want one", f.opened)
	}
}

func TestOnlyWhatIsWanted(t *testing.T) {
	f := &fakeClient{links: 1}
	r := newFakeReader(t, f)
	for _, tt := range []struct {
		want  Want
		asked []string
		facts Settings
	}{
		{0, []string{"port 1"}, Settings{Port: opt.Some[uint8](0)}},
		{WantWakeOnLAN | WantFEC, []string{"port 1", "wake 1"}, Settings{Port: opt.Some[uint8](0), WakeOnLAN: complete(0).WakeOnLAN}},
		{WantFEC, []string{"port 1"}, Settings{Port: opt.Some[uint8](0)}},
		{0, nil, Settings{Port: opt.Some[uint8](0)}},
	} {
		got, _ := settingsOf(t, r, f, linksOf(1), tt.want)
		if diff := cmp.Diff([]Settings{tt.facts}, got, compareSettings); diff != "" {
			t.Errorf("%b (-want +got):\n%s", tt.want, diff)
		}
		if diff := cmp.Diff(tt.asked, f.asked); diff != "" {
			t.Errorf("%b: asked (-want +got):\n%s", tt.want, diff)
		}
	}
}

func TestDriversThatRefuse(t *testing.T) {
	links := linksOf(10)
	f := &fakeClient{
		links: 10,
		dump:  map[string]error{"port": unix.EOPNOTSUPP, "wake": unix.EPERM},
		fails: map[string]error{"port 2": unix.EOPNOTSUPP, "port 3": unix.EIO, "port 4": unix.ENODEV},
	}
	r := newFakeReader(t, f)
	want := each(links, Settings{Port: opt.Some[uint8](0), PrivateFlags: complete(0).PrivateFlags})
	want[1].Port, want[2].Port, want[3].Port = opt.Opt[uint8]{}, opt.Opt[uint8]{}, opt.Opt[uint8]{}
	for _, tt := range []struct {
		asked  int
		counts string
	}{
		{13, "1 failed 10 denied"},
		{1, "1 failed 9 denied"}, // about the link that is gone
	} {
		got, counts := settingsOf(t, r, f, links, everything)
		if diff := cmp.Diff(want, got, compareSettings); diff != "" || counts != tt.counts || len(f.asked) != tt.asked {
			t.Errorf("%s after %d questions, want %s after %d (-want +got):\n%s", counts, len(f.asked), tt.counts, tt.asked, diff)
		}
		want[3].PrivateFlags = nil
		if facts, _ := (&View{r}).Facts(4); !facts.Gone {
			t.Error("a link that is gone is not reported")
		}
	}
	if f.opened != 1 {
		t.Errorf("%d clients were opened, want one", f.opened)
	}
}

// TestPanicOfTheLibrary injects panics where the library has some: each costs
// the facts of one driver, and the others the next Read.
func TestPanicOfTheLibrary(t *testing.T) {
	f := &fakeClient{links: 10, panics: map[string]bool{"wake": true, "wake 3": true}}
	r := newFakeReader(t, f)
	links := linksOf(10)
	spoiled := complete(0)
	spoiled.WakeOnLAN = opt.Opt[uint32]{}
	known := append(append(each(links[:2], complete(0)), spoiled), each(links[3:], complete(0))...)
	for i, want := range []struct {
		settings []Settings
		counts   string
		asked    int
	}{
		{each(links, Settings{}), "1 failed 0 denied", 3},
		{append(append(each(links[:2], complete(0)), spoiled), each(links[3:], Settings{})...), "1 failed 0 denied", 9},
		{known, "1 failed 0 denied", 21},
		{known, "1 failed 0 denied", 0},
	} {
		got, counts := settingsOf(t, r, f, links, everything)
		if diff := cmp.Diff(want.settings, got, compareSettings); diff != "" || counts != want.counts || len(f.asked) != want.asked {
			t.Errorf("Read %d: %s after %d questions, want %d (-want +got):\n%s", i+1, counts, len(f.asked), want.asked, diff)
		}
	}
	if f.opened != 3 || f.open != 1 {
		t.Errorf("%d clients were opened and %d are open, want one more after each panic", f.opened, f.open)
	}
}

func TestPanicIsAnError(t *testing.T) {
	v, err := guarded(func() (int, error) { panic("boom") })
	if v != 0 || !errors.Is(err, errPanic) || !strings.Contains(fmt.Sprint(err), "boom") {
		t.Errorf("%d, %v", v, err)
	}
	if v, err := guarded(func() (int, error) { return 7, io.EOF }); v != 7 || err != io.EOF { //nolint:errorlint // it is the very error
		t.Errorf("%d, %v", v, err)
	}
}

// TestLibraryThatDoesNotOpen counts that once a Read.
func TestLibraryThatDoesNotOpen(t *testing.T) {
	for err, want := range map[error]string{unix.EIO: "1 failed 0 denied", errors.ErrUnsupported: "0 failed 0 denied"} {
		f := &fakeClient{}
		k := f.kernel()
		k.Client = func() (Client, error) { return nil, err }
		r := NewReader(k, time.Hour)
		for range 2 {
			if _, counts := settingsOf(t, r, f, linksOf(3), everything); counts != want {
				t.Errorf("%v: %s, want %s", err, counts, want)
			}
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestLibraryWithoutDescriptors wants an error that no driver is blamed for.
func TestLibraryWithoutDescriptors(t *testing.T) {
	f := &fakeClient{}
	k := f.kernel()
	k.Client = func() (Client, error) { return nil, fmt.Errorf("open socket: %w", unix.EMFILE) }
	r := NewReader(k, time.Hour)
	defer r.Close() //nolint:errcheck // it is open
	view, err := r.Read(t.Context(), linksOf(3), everything)
	if err != nil || !errors.Is(view.Err(), unix.EMFILE) || view.Failed() != 0 {
		t.Errorf("error %v, of the drivers %v, %d failed; want EMFILE of the drivers", err, view.Err(), view.Failed())
	}
}

func TestPrivateFlagsAreBounded(t *testing.T) {
	flags := map[string]bool{strings.Repeat("a", 100): true}
	for i := range 100 {
		flags[fmt.Sprintf("flag%03d", i)] = i%2 == 0
	}
	got := privateFlags(flags)
	if len(got) != maxPrivateFlags || got[0] != (PrivateFlag{strings.Repeat("a", maxFlagName), true}) || got[31] != (PrivateFlag{"flag030", true}) {
		t.Errorf("%d flags, from %v to %v", len(got), got[0], got[len(got)-1])
	}
}

// TestWhatTheLibraryLacks is the reason why the rest is decoded here. Where it
// fails, the comment on the package is to be read again.
func TestWhatTheLibraryLacks(t *testing.T) {
	client := reflect.TypeFor[*mdlayher.Client]()
	for _, method := range []string{"FECs", "LinkStats", "Statistics", "Pause", "Rings", "Modules"} {
		if _, has := client.MethodByName(method); has {
			t.Errorf("the library has %s", method)
		}
	}
	for _, tt := range []struct {
		answer reflect.Type
		fields []string
	}{
		{reflect.TypeFor[mdlayher.LinkMode](), []string{"Interface", "SpeedMegabits", "Ours", "Peer", "Duplex", "Autoneg"}},
		{reflect.TypeFor[mdlayher.LinkState](), []string{"Interface", "Link"}},
	} {
		var fields []string
		for field := range tt.answer.Fields() {
			fields = append(fields, field.Name)
		}
		if diff := cmp.Diff(tt.fields, fields); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tt.answer, diff)
		}
	}
}
