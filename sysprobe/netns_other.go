//go:build !linux

package sysprobe

func namedNetNS() ([]string, error) { return nil, ErrNotSupported }

func mayEnterNetNS() error { return ErrNotSupported }
