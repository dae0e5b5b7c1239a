package sysprobe

type procsClient struct{}

func (*procsClient) snapshot() error { return nil }
func (*procsClient) lookup() error   { return nil }
func (*procsClient) close() error    { return nil }
