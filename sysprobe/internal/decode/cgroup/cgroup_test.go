package cgroup

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"telegraf-sysprobe/sysprobe/internal/decode"
)

func TestDecode(t *testing.T) {
	for _, tt := range []struct {
		name, text, path string
		unifiedOnly      bool
	}{
		{"v2", "0::/system.slice/ssh.service\n", "/system.slice/ssh.service", true},
		{"v2 root", "0::/\n", "/", true},
		{"v2 removed", "0::/system.slice/ssh.service (deleted)\n", "/system.slice/ssh.service", true},
		{"v2 above the namespace", "0::/../../system.slice\n", "/../../system.slice", true},
		{"v2 of a cgroup namespace", "0::/..\n", "/..", true},
		{"v2 without a newline", "0::/a:b::c", "/a:b::c", true},
		{
			"v1",
			"12:devices:/system.slice/ssh.service\n5:memory:/system.slice/ssh.service\n1:name=systemd:/system.slice/ssh.service\n", "/system.slice/ssh.service",
			false,
		},
		{
			"v1 of a session, which has no controllers",
			"12:pids:/user.slice/user-0.slice/session-1.scope\n4:cpu,cpuacct:/user.slice\n1:name=systemd:/user.slice/user-0.slice/session-1.scope\n",
			"/user.slice/user-0.slice/session-1.scope",
			false,
		},
		{"v1 without systemd", "9:name=systemd:/\n8:pids:/\n4:memory:/jobs/7\n3:cpuset:/cpus\n", "/jobs/7", false},
		{"v1, pids before cpu", "9:cpu,cpuacct:/c\n8:pids:/p\n", "/p", false},
		{"v1, cpu before others", "10:blkio:/b\n9:cpu,cpuacct:/c\n", "/c", false},
		{"v1 of another init", "2:name=openrc:/sshd\n1:cpu:/\n", "/sshd", false},
		{
			"hybrid",
			"5:memory:/system.slice\n1:name=systemd:/system.slice/ssh.service\n0::/system.slice/ssh.service\n", "/system.slice/ssh.service",
			false,
		},
		{
			"hybrid, a container that is in systemd's hierarchy only",
			"1:name=systemd:/docker/5\n0::/system.slice/containerd.service\n", "/docker/5",
			false,
		},
		{"hybrid without systemd, unified", "4:memory:/jobs/7\n1:name=systemd:/\n0::/box\n", "/box", false},
		{"hybrid without systemd, controllers", "4:memory:/jobs/7\n1:name=systemd:/\n0::/\n", "/jobs/7", false},
		{"a zombie in v1", "4:memory:/\n1:name=systemd:/\n", "/", false},
		{"no hierarchy", "", "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := Decode([]byte(tt.text))
			if err != nil || string(f.Path) != tt.path || f.UnifiedOnly != tt.unifiedOnly {
				t.Errorf("path %q, unified only %t, error %v, want %q, %t", f.Path, f.UnifiedOnly, err, tt.path, tt.unifiedOnly)
			}
		})
	}
	for _, text := range []string{"\n", "0:", "0::", "0::x", "0::/\n\n", "0::/\n0:/\n"} {
		var at *decode.Error
		if f, err := Decode([]byte(text)); !errors.As(err, &at) || at.Offset > len(text) || f.Path != nil {
			t.Errorf("%q: path %q, error %v, want one that is ErrMalformed", text, f.Path, err)
		}
	}
}

const (
	id1 = "7a3f1c9e2b4d5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8"
	id2 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	uid = "1d2c3b4a-5f60-4718-92a3-b4c5d6e7f809"
)

// underscored is uid as slices have it.
var underscored = strings.ReplaceAll(uid, "-", "_")

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name, path string
		want       Parts
	}{
		{"root", "/", Parts{}},
		{"nothing", "", Parts{}},
		{"a name that says nothing", "/jobs/7", Parts{}},
		{"the first process", "/init.scope", Parts{Unit: "init.scope"}},
		{"a service", "/system.slice/ssh.service", Parts{Unit: "ssh.service", Slice: "system.slice"}},
		{"what a service has below", "/system.slice/box.service/a.service/b.slice", Parts{Unit: "box.service", Slice: "system.slice"}},
		{"a slice in a slice", "/system.slice/system-getty.slice/getty@tty1.service", Parts{Unit: "getty@tty1.service", Slice: "system-getty.slice"}},
		{
			"escapes",
			`/system.slice/system-serial\x2dgetty.slice/serial-getty@ttyS0.service`,
			Parts{Unit: "serial-getty@ttyS0.service", Slice: `system-serial\x2dgetty.slice`},
		},
		{"a name the kernel would take for its file", "/system.slice/_cpu.service", Parts{Unit: "cpu.service", Slice: "system.slice"}},
		{"mount, swap and socket", "/system.slice/dev-hugepages.mount", Parts{Unit: "dev-hugepages.mount", Slice: "system.slice"}},
		{"a slice alone", "/user.slice/user-1000.slice", Parts{Slice: "user-1000.slice"}},
		{"a slice with something else", "/user.slice/x/y.service", Parts{Slice: "user.slice"}},
		{"no name but a type", "/.slice/.service", Parts{}},
		{"a session", "/user.slice/user-1000.slice/session-3.scope", Parts{Unit: "session-3.scope", Slice: "user-1000.slice"}},
		{"a user's service", "/user.slice/user-1000.slice/user@1000.service/app.slice/foo.service", Parts{Unit: "foo.service", Slice: "app.slice"}},
		{
			"a user's scope",
			`/user.slice/user-1000.slice/user@1000.service/app.slice/app-org.gnome.Terminal.slice/vte-spawn-4.scope`,
			Parts{Unit: "vte-spawn-4.scope", Slice: "app-org.gnome.Terminal.slice"},
		},
		{"a user's manager", "/user.slice/user-1000.slice/user@1000.service/init.scope", Parts{Unit: "user@1000.service", Slice: "user-1000.slice"}},
		{
			"a user's manager and no unit",
			"/user.slice/user-1000.slice/user@1000.service/app.slice/x",
			Parts{Unit: "user@1000.service", Slice: "user-1000.slice"},
		},
		{"a user's manager alone", "/user.slice/user-1000.slice/user@1000.service", Parts{Unit: "user@1000.service", Slice: "user-1000.slice"}},
		{"above the namespace", "/../../system.slice/ssh.service", Parts{Unit: "ssh.service", Slice: "system.slice"}},

		{"docker", "/docker/" + id1, Parts{Container: id1, Runtime: "docker"}},
		{"docker, what the container has below", "/docker/" + id1 + "/system.slice/ssh.service", Parts{Container: id1, Runtime: "docker"}},
		{
			"docker with systemd",
			"/system.slice/docker-" + id1 + ".scope",
			Parts{Unit: "docker-" + id1 + ".scope", Slice: "system.slice", Container: id1, Runtime: "docker"},
		},
		{
			"docker without root",
			"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" + id1 + ".scope",
			Parts{Unit: "docker-" + id1 + ".scope", Slice: "user.slice", Container: id1, Runtime: "docker"},
		},
		{"docker in docker", "/docker/" + id1 + "/docker/" + id2, Parts{Container: id2, Runtime: "docker"}},
		{"the daemon", "/system.slice/docker.service", Parts{Unit: "docker.service", Slice: "system.slice"}},
		{"a name too short", "/docker/" + id1[:63], Parts{}},
		{"a name that is none", "/docker/" + strings.ToUpper(id1), Parts{}},
		{"a task of ECS", "/ecs/0f2a/" + id1, Parts{Container: id1}},

		{"containerd", "/k8s.io/" + id1, Parts{Container: id1, Runtime: "containerd"}},
		{"nerdctl", "/default/" + id1, Parts{Container: id1, Runtime: "containerd"}},
		{
			"nerdctl with systemd",
			"/system.slice/nerdctl-" + id1 + ".scope",
			Parts{Unit: "nerdctl-" + id1 + ".scope", Slice: "system.slice", Container: id1, Runtime: "containerd"},
		},

		{
			"kubernetes, containerd",
			"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + underscored + ".slice/cri-containerd-" + id1 + ".scope",
			Parts{
				Unit: "cri-containerd-" + id1 + ".scope", Slice: "kubepods-burstable-pod" + underscored + ".slice",
				Container: id1, Runtime: "containerd", Pod: uid,
			},
		},
		{
			"kubernetes, guaranteed", "/kubepods.slice/kubepods-pod" + underscored + ".slice/docker-" + id1 + ".scope",
			Parts{Unit: "docker-" + id1 + ".scope", Slice: "kubepods-pod" + underscored + ".slice", Container: id1, Runtime: "docker", Pod: uid},
		},
		{
			"kubernetes, CRI-O", "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" + underscored + ".slice/crio-" + id1 + ".scope",
			Parts{
				Unit: "crio-" + id1 + ".scope", Slice: "kubepods-besteffort-pod" + underscored + ".slice",
				Container: id1, Runtime: "cri-o", Pod: uid,
			},
		},
		{
			"kubernetes, the monitor of CRI-O", "/kubepods.slice/kubepods-pod" + underscored + ".slice/crio-conmon-" + id1 + ".scope",
			Parts{Unit: "crio-conmon-" + id1 + ".scope", Slice: "kubepods-pod" + underscored + ".slice", Pod: uid},
		},
		{
			"kubernetes, a pod of a file",
			"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" + id1[:32] + ".slice/cri-containerd-" + id2 + ".scope",
			Parts{
				Unit: "cri-containerd-" + id2 + ".scope", Slice: "kubepods-burstable-pod" + id1[:32] + ".slice",
				Container: id2, Runtime: "containerd", Pod: id1[:32],
			},
		},
		{"kubernetes without systemd", "/kubepods/burstable/pod" + uid + "/" + id1, Parts{Container: id1, Pod: uid}},
		{"kubernetes without systemd, from another pod", "/../../pod" + uid + "/" + id1, Parts{Container: id1, Pod: uid}},
		{"what only looks like a pod", "/pod" + uid + "/" + id1, Parts{Container: id1}},
		{"above the namespace, and no pod", "/../podium/" + id1, Parts{Container: id1}},
		{"kubernetes without systemd, guaranteed", "/kubepods/pod" + uid + "/" + id1, Parts{Container: id1, Pod: uid}},
		{"kubernetes without systemd, CRI-O", "/kubepods/besteffort/pod" + uid + "/crio-" + id1, Parts{Container: id1, Runtime: "cri-o", Pod: uid}},
		{
			"kubernetes with systemd, containerd without",
			"/system.slice/containerd.service/kubepods-burstable-pod" + underscored + ".slice:cri-containerd:" + id1,
			Parts{Unit: "containerd.service", Slice: "system.slice", Container: id1, Runtime: "containerd", Pod: uid},
		},
		{
			"kubernetes in docker",
			"/docker/" + id1 + "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" + underscored + ".slice/cri-containerd-" + id2 + ".scope",
			Parts{Container: id2, Runtime: "containerd", Pod: uid},
		},
		{
			"kubernetes, a sibling in a cgroup namespace", "/../cri-containerd-" + id1 + ".scope",
			Parts{Unit: "cri-containerd-" + id1 + ".scope", Container: id1, Runtime: "containerd"},
		},
		{"no UID", "/kubepods.slice/kubepods-podx.slice/a", Parts{Slice: "kubepods-podx.slice"}},
		{"not of kubernetes", "/jobs/pod" + uid, Parts{}},

		{
			"podman",
			"/machine.slice/libpod-" + id1 + ".scope/container",
			Parts{Unit: "libpod-" + id1 + ".scope", Slice: "machine.slice", Container: id1, Runtime: "podman"},
		},
		{"podman without systemd", "/libpod_parent/libpod-" + id1, Parts{Container: id1, Runtime: "podman"}},
		{
			"podman without root",
			"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + id1 + ".scope/container",
			Parts{Unit: "libpod-" + id1 + ".scope", Slice: "user.slice", Container: id1, Runtime: "podman"},
		},
		{
			"podman's monitor",
			"/machine.slice/libpod-conmon-" + id1 + ".scope",
			Parts{Unit: "libpod-conmon-" + id1 + ".scope", Slice: "machine.slice"},
		},
		{
			"podman as a service",
			"/system.slice/web.service/libpod-payload-" + id1,
			Parts{Unit: "web.service", Slice: "system.slice", Container: id1, Runtime: "podman"},
		},
		{
			"a pod of podman",
			"/machine.slice/machine-libpod_pod_" + id1 + ".slice/libpod-" + id2 + ".scope",
			Parts{Unit: "libpod-" + id2 + ".scope", Slice: "machine-libpod_pod_" + id1 + ".slice", Container: id2, Runtime: "podman", Pod: id1},
		},

		{"LXC", "/lxc.payload.web/system.slice/ssh.service", Parts{Container: "web", Runtime: "lxc"}},
		{"LXC's monitor", "/lxc.monitor.web", Parts{}},
		{"LXC before 4", "/lxc/101/ns", Parts{Container: "101", Runtime: "lxc"}},
		{"LXC before 4, from outside of its cgroup namespace", "/../../lxc/101/ns/system.slice/web.service", Parts{Container: "101", Runtime: "lxc"}},
		{"LXC before 4, a sibling in a cgroup namespace", "/../101/ns", Parts{}}, // nothing says that 101 is one
		{
			"nspawn",
			`/machine.slice/systemd-nspawn@my\x2dbox.service/payload`,
			Parts{Unit: `systemd-nspawn@my\x2dbox.service`, Slice: "machine.slice", Container: "my-box", Runtime: "systemd-nspawn"},
		},
		{
			"nspawn by hand",
			`/machine.slice/machine-my\x2dbox.scope`,
			Parts{Unit: `machine-my\x2dbox.scope`, Slice: "machine.slice", Container: "my-box", Runtime: "systemd-nspawn"},
		},
		{"a virtual machine", `/machine.slice/machine-qemu\x2d1\x2dvm.scope`, Parts{Unit: `machine-qemu\x2d1\x2dvm.scope`, Slice: "machine.slice"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Parse(tt.path)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.path, diff)
			}
		})
	}
}

func TestDecodePIDs(t *testing.T) {
	for _, tt := range []struct {
		text, path string
		controller bool
	}{
		{"0::/user.slice\n", "/user.slice", false},
		{"0::/a (deleted)\n", "/a (deleted)", false},
		{"9:name=systemd:/s\n8:pids:/p\n0::/u\n", "/p", true},
		{"8:misc,pids:/p:q\n", "/p:q", true},
		{"0::/u\n5:rapids:/p", "/u", false},
	} {
		if path, controller, err := DecodePIDs([]byte(tt.text)); path != tt.path || controller != tt.controller || err != nil {
			t.Errorf("%q: %q, %v, %v, want %q, %v", tt.text, path, controller, err, tt.path, tt.controller)
		}
	}
	for _, text := range []string{"", "\n", "8:memory:/m\n", "0::", "0::u", "pids"} {
		if path, _, err := DecodePIDs([]byte(text)); path != "" || !errors.Is(err, decode.ErrMalformed) {
			t.Errorf("%q: %q, %v, want ErrMalformed", text, path, err)
		}
	}
}

func TestUnescape(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "a-b": "a-b", `a\x2db`: "a-b", `\x2d\x2d`: "--", `a\x`: `a\x`, `a\x2`: `a\x2`, `a\xzz`: `a\xzz`, `\x5cx2d`: `\x2d`,
	} {
		if got := unescape(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("12:devices:/a\n1:name=systemd:/b (deleted)\n0::/c\n"))
	f.Add([]byte("0::/"))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := Decode(b)
		var at *decode.Error
		if err != nil && (!errors.As(err, &at) || at.Offset < 0 || at.Offset > len(b) || file.Path != nil) {
			t.Errorf("path %q, error %v in %d bytes", file.Path, err, len(b))
		}
		if err == nil && len(b) > 0 && (len(file.Path) == 0 || file.Path[0] != '/') {
			t.Errorf("path %q of %q", file.Path, b)
		}
	})
}

func FuzzDecodePIDs(f *testing.F) {
	f.Add([]byte("12:pids,misc:/a\n1:name=systemd:/b\n0::/c (deleted)\n"))
	f.Add([]byte("0::/"))
	f.Fuzz(func(t *testing.T, b []byte) {
		path, controller, err := DecodePIDs(b)
		if (err == nil) != strings.HasPrefix(path, "/") || err != nil && (controller || !errors.Is(err, decode.ErrMalformed)) {
			t.Errorf("path %q, controller %v, error %v of %q", path, controller, err, b)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add("/kubepods.slice/kubepods-pod" + underscored + ".slice/cri-containerd-" + id1 + ".scope")
	f.Add("/user.slice/user-1000.slice/user@1000.service/app.slice/foo.service")
	f.Add(`/machine.slice/machine-my\x2dbox.scope`)
	f.Fuzz(func(t *testing.T, path string) {
		p := Parse(path)
		for _, name := range []string{p.Unit, p.Slice} {
			if !strings.Contains(path, name) || strings.Contains(name, "/") {
				t.Errorf("%q is no name in %q", name, path)
			}
		}
		if (p.Container == "") && (p.Runtime != "") {
			t.Errorf("runtime %q without a container in %q", p.Runtime, path)
		}
	})
}
