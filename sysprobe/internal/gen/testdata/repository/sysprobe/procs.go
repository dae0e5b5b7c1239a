package sysprobe

import "errors"

type Procs struct{ client *procsClient }

func (p *Procs) Snapshot() error { return p.client.snapshot() }
func (p *Procs) Lookup() error   { return p.client.lookup() }
func (p *Procs) Both() error     { return errors.Join(p.client.snapshot(), p.client.lookup()) }
func (p *Procs) Close() error    { return p.client.close() }
func (p *Procs) Name() string    { return "" }

type unsupportedProcs struct{}

func (unsupportedProcs) snapshot() error { return errors.ErrUnsupported }
func (unsupportedProcs) lookup() error   { return errors.ErrUnsupported }
func (unsupportedProcs) close() error    { return errors.ErrUnsupported }

type hostClient struct{}

func (hostClient) read() error { return nil }

func ReadHost() error { return hostClient{}.read() }
