package golden

import (
	"flag"
	"os"
	"testing"
)

// Long tells whether tests may take as long as they need: make accept sets WFLOW_LONG.
func Long() bool { return os.Getenv("WFLOW_LONG") != "" }

// Main runs the tests of a package of networks, as its TestMain. XLA takes longer to compile such networks than to run
// them. So it does not optimise, unless the tests may be long or benchmarks are asked for.
func Main(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() == "" && !Long() {
		os.Setenv("XLA_FLAGS", "--xla_backend_optimization_level=0 "+os.Getenv("XLA_FLAGS"))
	}
	os.Exit(m.Run())
}
