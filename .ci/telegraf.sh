#!/bin/sh
# Builds bin/telegraf: the Telegraf release of go.mod with our inputs inside.
#
# Telegraf knows no plugins from outside its tree, so its source is copied out
# of the module cache to build/telegraf and gets one more file of blank
# imports. TELEGRAF_TAGS chooses the plugins of Telegraf's own
# (docs/CUSTOMIZATION.md there); set but empty builds them all. TELEGRAF_MORE names
# plugins beside the usual ones.
set -eu
cd "$(dirname "$0")/.."

default=custom
for plugin in inputs.cpu inputs.execd inputs.internal inputs.mem inputs.net inputs.processes \
	outputs.file outputs.graphite outputs.influxdb outputs.influxdb_v2 outputs.mqtt outputs.prometheus_client outputs.zabbix \
	parsers.influx serializers.influx serializers.json ${TELEGRAF_MORE-}; do
	default=$default,$plugin
done
tags=${TELEGRAF_TAGS-$default}

go mod download github.com/influxdata/telegraf
source=$(go list -m -f '{{.Dir}}' github.com/influxdata/telegraf)
version=$(go list -m -f '{{.Version}}' github.com/influxdata/telegraf)
root=$PWD

rm -rf build/telegraf
mkdir -p build bin
cp -R "$source" build/telegraf
chmod -R u+w build/telegraf
cat >build/telegraf/plugins/inputs/all/sysprobe.go <<-'GO'
	package all

	import _ "telegraf-sysprobe/plugins/inputs/all" // register plugins
GO
sort -u go.sum "$source/go.sum" >build/telegraf/go.sum

cd build/telegraf
go mod edit -require telegraf-sysprobe@v0.0.0 -replace "telegraf-sysprobe=$root"
CGO_ENABLED=0 go build -mod=mod -trimpath -tags "$tags" \
	-ldflags "-s -w -X github.com/influxdata/telegraf/internal.Version=${version#v}" \
	-o "$root/bin/telegraf" ./cmd/telegraf
