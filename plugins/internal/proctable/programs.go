package proctable

import "strings"

// program is what the arguments of some programs hold that is secret. Their names
// and options can be anywhere in a command line, with NUL or blanks between them: a
// shell has a whole command in one argument. A program can have several entries.
type program struct {
	names string // a regular expression of base names
	needs string // a word that has to precede the secrets, such as "login"
	// options are those with a secret: in the next word, behind the equals sign of a
	// long option, or behind a short option of one letter.
	options  map[string]cut
	attached []string // what a word with a secret begins with
	// flags are short options without a value: one of options can follow them in
	// the same word. Where apart is true, short options never share a word, not even
	// with their value.
	flags string
	apart bool
	// plain finds the secret in words that are neither options nor values of one: in
	// the one at this place, or in all of them where it is 0.
	plain cut
	place int
	// values are options without a secret whose value is the next word.
	values []string
	// once says that another program with its own options follows.
	once bool
}

// cut returns which part of a value is secret; nothing where from is to.
type cut func(value string) (from, to int)

func whole(value string) (from, to int) { return 0, len(value) }

// behind takes what is behind the first mark.
func behind(mark string) cut {
	return func(value string) (from, to int) {
		if at := strings.Index(value, mark); at >= 0 {
			return at + len(mark), len(value)
		}
		return 0, 0
	}
}

// login takes the password of user:password. A user without one before the colon is
// a token.
func login(value string) (from, to int) {
	switch at := strings.IndexByte(value, ':'); {
	case at < 0:
		return 0, 0
	case at == len(value)-1:
		return 0, at
	default:
		return at + 1, len(value)
	}
}

// loginOrToken takes what login takes, and a value without a colon.
func loginOrToken(value string) (from, to int) {
	if !strings.Contains(value, ":") {
		return whole(value)
	}
	return login(value)
}

// proxy takes the password of user:password@host, with a scheme or without.
func proxy(value string) (from, to int) {
	if at := strings.Index(value, "://"); at >= 0 {
		from = at + len("://")
	}
	to = strings.LastIndexByte(value, '@')
	colon := strings.IndexByte(value[from:], ':')
	if colon < 0 || from+colon > to {
		return 0, 0
	}
	return from + colon + 1, to
}

// account takes the password of user/password@database.
func account(value string) (from, to int) {
	at := strings.IndexByte(value, '/')
	if at <= 0 || value[0] == '@' {
		return 0, 0
	}
	from, to = at+1, len(value)
	if at := strings.LastIndexByte(value[from:], '@'); at >= 0 {
		to = from + at
	}
	return from, to
}

// token takes what is no name=value and no path.
func token(value string) (from, to int) {
	if strings.ContainsRune(value, '=') || strings.ContainsAny(value[:1], "/@") {
		return 0, 0
	}
	return whole(value)
}

// key takes the value of key:value and hexkey:value.
func key(value string) (from, to int) {
	if at := strings.Index(value, "key:"); at >= 0 {
		return at + len("key:"), len(value)
	}
	return 0, 0
}

// each gives all options the same cut.
func each(c cut, options ...string) map[string]cut {
	all := map[string]cut{}
	for _, option := range options {
		all[option] = c
	}
	return all
}

// programsWithSecrets are programs whose options have no telling name.
func programsWithSecrets() []program {
	return []program{
		{names: `(?:mysql|mariadb)[\w.-]*`, attached: []string{"-p"}, flags: "AbBcCdEfFGHiIjkKlLnNqQRsStUvVWxXyY"},
		{names: `7z\w*|u?n?rar`, attached: []string{"-p", "-hp"}},
		{names: `sshpass`, options: each(whole, "-p"), flags: "v", once: true},
		{names: `mongo\w*`, options: each(whole, "-p")},
		{names: `curl`, options: curlOptions(), flags: "#:0123456789aBfgGiIjJklLMnNOpqRsSvVZ"},
		{names: `https?|httpie|xhs?`, options: each(loginOrToken, "-a", "--auth"), flags: "bcdfFhIjmqSvx46"},
		{names: `ncat`, options: each(login, "--proxy-auth")},
		{names: `smb\w+|rpcclient|net`, options: each(behind("%"), "-U", "--user"), flags: "CeEgkNPqV"},
		{names: `smbpasswd`, options: each(whole, "-w")},
		{names: `lftp`, options: each(behind(","), "-u", "--user"), flags: "d"},
		{names: `(?:redis|valkey)-\w+`, options: each(whole, "-a", "--masterauth", "--requirepass")},
		{names: `ldappasswd`, options: each(whole, "-w", "-a", "-s"), flags: "AInQSvVWxZ"},
		{names: `ldap\w+`, options: each(whole, "-w"), flags: "AcCIkKLMnNQrtuvVWxZ"},
		// Not snmpd and snmptrapd: their letters mean something else.
		{names: `snmp\w*[a-ce-z]`, options: each(whole, "-A", "-X", "-c", "-3m", "-3M", "-3k", "-3K"), flags: "dhHV"},
		{names: `ipmitool`, options: each(whole, "-P", "-k", "-y"), flags: "46acEhKvVY"},
		{names: `sqlcmd|bcp|osql|tsql`, options: each(whole, "-P")},
		{
			names: `iu?sql`, options: each(whole, "-P"), plain: whole, place: 3, // isql dsn user password
			values: []string{"-a", "-A", "-D", "-E", "-h", "-H", "-i", "-I", "-J", "-l", "-m", "-o", "-R", "-s", "-S", "-t", "-U", "-y", "-z", "-Z"},
		},
		{names: `zip`, options: each(whole, "-P"), flags: "@0123456789AcdDeEfFghjJklLmMoqrRSTuvVwXyz"},
		{names: `unzip`, options: each(whole, "-P"), flags: "aAbBcCfjKlLMnopqstTuUvVWXZ:"},
		{names: `mosquitto_\w+`, options: each(whole, "-P")}, //nolint:misspell // the name of the programs
		{names: `docker|podman|buildah|skopeo|nerdctl|helm|oras|az`, needs: "login", options: each(whole, "-p")},
		{names: `(?:plink|pscp|psftp|putty)(?:\.exe)?`, options: each(whole, "-pw")},
		{names: `[xw]l?freerdp\d?`, attached: []string{"/p:", "/gp:", "/pth:"}},
		{names: `sqlplus|expdp|impdp|rman|sqlldr`, plain: account},
		{names: `nmcli`, options: each(whole, "password", "wifi-sec.psk", "802-11-wireless-security.psk", "802-1x.password", "vpn.secrets")},
		{names: `aws`, options: each(whole, "aws_secret_access_key", "aws_session_token")},
		{names: `vault`, needs: "login", plain: token, values: []string{"-address", "-field", "-format", "-method", "-namespace", "-path"}},
		{names: `openssl`, options: opensslOptions(), apart: true},
		{names: `openssl`, needs: "passwd", plain: whole, values: []string{"-in", "-provider", "-rand", "-salt", "-writerand"}},
	}
}

// curlOptions are those of curl(1).
func curlOptions() map[string]cut {
	return map[string]cut{
		"-u": login, "--user": login, "-U": login, "--proxy-user": login,
		"--oauth2-bearer": whole, "--ftp-account": whole,
		"-b": behind("="), "--cookie": behind("="), // else it is a file
		"-E": behind(":"), "--cert": behind(":"), "--proxy-cert": behind(":"),
		"-x": proxy, "--proxy": proxy, "--proxy1.0": proxy, "--preproxy": proxy,
		"--socks4": proxy, "--socks4a": proxy, "--socks5": proxy, "--socks5-hostname": proxy,
	}
}

// opensslOptions are those of openssl-enc(1), openssl-dgst(1), openssl-mac(1) and
// openssl-kdf(1). The patterns of usualSecrets find -pass and pass:x.
func opensslOptions() map[string]cut {
	return map[string]cut{"-k": whole, "-K": whole, "-hmac": whole, "-macopt": key, "-kdfopt": key}
}
