// Package nictest holds the tests that the plugins about network interfaces
// share.
package nictest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/testutil"

	"telegraf-sysprobe/plugins/internal/nic"
	"telegraf-sysprobe/plugins/internal/plugintest"
	"telegraf-sysprobe/sysprobe"
	"telegraf-sysprobe/sysprobe/sysprobetest"
)

// plugin is a plugin with a whole life.
type plugin interface {
	telegraf.Initializer
	telegraf.ServiceInput
}

// System returns a system that supports every feature and permits to enter
// namespaces, so that tests run on any system and as any user.
func System() nic.System {
	return nic.System{
		Supported: func(sysprobe.Feature) error { return nil },
		Named:     sysprobe.NamedNetNS,
		List:      plugintest.ListItself,
		Identify:  plugintest.IdentifyFiles(),
		MayEnter:  func() error { return nil },
	}
}

// InitCases returns cases of the options that the plugins share. Parts returns
// the options and the system of a plugin.
func InitCases[P telegraf.Initializer](t *testing.T, parts func(P) (*nic.Options, *nic.System)) []plugintest.InitCase[P] {
	t.Helper()
	file := func() string {
		file := path.Join(plugintest.TempDir(t), "blue")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	dir := plugintest.TempDir(t)
	blue, otherBlue, gone := file(), file(), path.Join(dir, "gone")
	var cases []plugintest.InitCase[P]
	add := func(name string, change func(*nic.Options, *nic.System), want string) {
		cases = append(cases, plugintest.InitCase[P]{Name: name, Change: func(p P) { change(parts(p)) }, Want: want})
	}
	set := func(name string, change func(*nic.Options), want string) {
		add(name, func(o *nic.Options, _ *nic.System) { change(o) }, want)
	}
	set("defaults", func(*nic.Options) {}, "")
	set("globs", func(o *nic.Options) { o.InterfaceInclude = []string{"eth*", "br[0-9]"} }, "")
	set("bad include", func(o *nic.Options) { o.InterfaceInclude = []string{"eth*", "[a"} }, `option interface_include: bad glob "[a": …close`)
	set("bad exclude", func(o *nic.Options) { o.InterfaceExclude = []string{"veth["} }, `option interface_exclude: bad glob "veth[": …close`)
	set("kinds", func(o *nic.Options) { o.KindInclude, o.KindExclude = []string{"bond"}, []string{"v*"} }, "")
	set("bad kind", func(o *nic.Options) { o.KindInclude = []string{"b["} }, `option kind_include: bad glob "b[": …close`)
	set("bad kind to leave out", func(o *nic.Options) { o.KindExclude = []string{"[v"} }, `option kind_exclude: bad glob "[v": …close`)
	set("one namespace", func(o *nic.Options) { o.NamespacePaths = []string{blue} }, "")
	set("a namespace that is not there yet", func(o *nic.Options) { o.NamespacePaths = []string{gone} }, "")
	set("directory and glob of namespaces", func(o *nic.Options) { o.NamespacePaths = []string{dir, dir + "/{docker,x}/netns/*"} }, "")
	set("bad glob of namespaces", func(o *nic.Options) { o.NamespacePaths = []string{dir + "/["} }, `option namespace_paths: bad glob "`+dir+`/["…close`)
	set("open brace of namespaces", func(o *nic.Options) { o.NamespacePaths = []string{dir + "/{a"} }, `option namespace_paths: bad glob "`+dir+`/{a"…close`)
	set("relative namespace", func(o *nic.Options) { o.NamespacePaths = []string{"blue"} }, `option namespace_paths: "blue"…/run/netns/`)
	set("empty namespace", func(o *nic.Options) { o.NamespacePaths = []string{""} }, `option namespace_paths: ""…/run/netns/`)
	set("named namespaces", func(o *nic.Options) { o.NamespaceInclude, o.NamespaceExclude = []string{"", "b*"}, []string{"blue"} }, "")
	set("bad namespace", func(o *nic.Options) { o.NamespaceExclude = []string{"b["} }, `option namespace_exclude: bad glob "b[": …close`)
	add("namespaces without privilege", func(o *nic.Options, s *nic.System) {
		o.NamespaceInclude = []string{"*"}
		s.MayEnter = func() error { return sysprobe.ErrAccessDenied }
	}, "option namespace_include: …CAP_SYS_ADMIN…systemctl edit")
	set("namespaces of one name", func(o *nic.Options) { o.NamespacePaths = []string{blue, otherBlue} },
		"option namespace_paths: …"+blue+"…"+otherBlue+"…rename")
	return cases
}

// CheckOtherSystem runs Init of a plugin with that name, whose system it makes
// one that lacks every feature.
func CheckOtherSystem(t *testing.T, name string, input telegraf.Initializer, system *nic.System) {
	t.Helper()
	system.Supported = func(sysprobe.Feature) error { return sysprobe.ErrNotSupported }
	err := input.Init()
	text := fmt.Sprint(err)
	if !errors.Is(err, sysprobe.ErrNotSupported) || !strings.HasPrefix(text, "plugin "+name+" is not supported on ") {
		t.Errorf("Init returned %v", err)
	}
}

// CheckFailedStart starts and stops a plugin whose handles open with
// sysprobe.ErrAccessDenied.
func CheckFailedStart(t *testing.T, input plugin) {
	t.Helper()
	if err := input.Init(); err != nil {
		t.Fatal(err)
	}
	if err := input.Start(&testutil.Accumulator{}); !errors.Is(err, sysprobe.ErrAccessDenied) {
		t.Errorf("Start returned %v", err)
	}
	input.Stop()
}

// Loopback returns the loopback interface, which has another name on each system.
func Loopback(t *testing.T) net.Interface {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(i net.Interface) bool {
		return i.Flags&(net.FlagUp|net.FlagLoopback) == net.FlagUp|net.FlagLoopback
	})
	if i < 0 {
		t.Skip("needs a loopback interface that is up")
	}
	return all[i]
}

// GatherThisMachine gathers twice from the kernel that runs the test, unless it
// lacks the feature, and calls check after each gather.
func GatherThisMachine(t *testing.T, feature sysprobe.Feature, input plugin, check func(*testutil.Accumulator)) {
	t.Helper()
	if err := sysprobe.Supported(feature); err != nil {
		t.Skipf("needs a system with a backend: %v", err)
	}
	var acc testutil.Accumulator
	plugintest.Start(t, input, &acc)
	for range 2 {
		acc.ClearMetrics()
		if err := acc.GatherError(input.Gather); err != nil {
			t.Fatal(err)
		}
		check(&acc)
	}
}

// CheckRelease removes a namespace that a plugin has gathered from, and then makes
// it anew. A pair of interfaces, of which one end is in the namespace, must go
// with it although there is no further gather, so that the next one gets the same
// name. Options are those of the plugin, and ip runs ip(8) and returns its error.
func CheckRelease(t *testing.T, input plugin, options *nic.Options, ip func(args string) error) {
	t.Helper()
	outer, inner := fmt.Sprintf("nic-%d-outer", os.Getpid()), fmt.Sprintf("nic-%d-inner", os.Getpid())
	run := func(args string) {
		t.Helper()
		if err := ip(args); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{outer, inner} {
		run("netns add " + name)
		t.Cleanup(func() { run("netns del " + name) })
	}
	pair := "-n " + outer + " link add hostend type veth peer name eth0 netns " + inner
	run(pair)
	options.NamespaceInclude = []string{inner}
	if err := input.Init(); err != nil {
		t.Fatal(err)
	}
	var acc testutil.Accumulator
	if err := input.Start(&acc); err != nil {
		t.Fatal(err)
	}
	defer input.Stop()
	for range 3 {
		acc.ClearMetrics()
		if err := acc.GatherError(input.Gather); err != nil || len(acc.GetTelegrafMetrics()) == 0 {
			t.Fatalf("%d metrics, error %v", len(acc.GetTelegrafMetrics()), err)
		}
		run("netns del " + inner)
		run("netns add " + inner)
		sysprobetest.Eventually(t, func() string { return text(ip(pair)) })
	}
}

// text is the text of an error, empty for none.
func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
