package e2e

import (
	"context"
	"maps"
	"net"
	"sync"
	"testing"

	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // what Telegraf sends
)

// otlp is a receiver of OpenTelemetry's protocol, by gRPC.
type otlp struct {
	pmetricotlp.UnimplementedGRPCServer

	mu sync.Mutex
	// points are how many came by the name of their metric, names the values of the
	// attribute process_name of zombies.
	points map[string]int
	names  map[string]bool
}

// startOTLP serves until the test ends.
func startOTLP(t *testing.T) *otlp {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:4317")
	if err != nil {
		t.Fatal(err)
	}
	sink := &otlp{points: map[string]int{}, names: map[string]bool{}}
	server := grpc.NewServer()
	pmetricotlp.RegisterGRPCServer(server, sink)
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := server.Serve(l); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		server.Stop()
		serving.Wait()
	})
	return sink
}

// Export is what the protocol calls with metrics.
func (o *otlp) Export(_ context.Context, request pmetricotlp.ExportRequest) (pmetricotlp.ExportResponse, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, resource := range request.Metrics().ResourceMetrics().All() {
		for _, scope := range resource.ScopeMetrics().All() {
			for _, metric := range scope.Metrics().All() {
				o.put(metric)
			}
		}
	}
	return pmetricotlp.NewExportResponse(), nil
}

func (o *otlp) put(metric pmetric.Metric) {
	var points pmetric.NumberDataPointSlice
	switch metric.Type() { //nolint:exhaustive // numbers alone are sent
	case pmetric.MetricTypeGauge:
		points = metric.Gauge().DataPoints()
	case pmetric.MetricTypeSum:
		points = metric.Sum().DataPoints()
	default:
		o.points["of type "+metric.Type().String()+": "+metric.Name()]++
		return
	}
	for _, point := range points.All() {
		o.points[metric.Name()]++
		if name, there := point.Attributes().Get("process_name"); there && metric.Name() == "zombies_process_age" {
			o.names[name.Str()] = true
		}
	}
}

// all returns how many points came by the name of their metric.
func (o *otlp) all() map[string]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return maps.Clone(o.points)
}
