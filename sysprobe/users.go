package sysprobe

// Users names user IDs from the passwd(5) file below Config.EtcRoot. It reads
// the file again only when it changed. It is safe for concurrent use.
type Users struct{}

// OpenUsers returns the user names of the machine whose /etc is at c.EtcRoot.
// A nil c means defaults. It reads nothing yet.
func OpenUsers(c *Config) *Users { return &Users{} }

// Name returns the name of uid, or its decimal number where the file has none
// or cannot be read.
func (u *Users) Name(uid uint32) string { return "" }
