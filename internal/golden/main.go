package golden

import (
	"flag"
	"os"
	"testing"
)

// Long tells whether tests are to take the time that they need: make accept sets WFLOW_LONG.
func Long() bool { return os.Getenv("WFLOW_LONG") != "" }

// Main runs the tests of a package of networks, as its TestMain. XLA takes longer to compile these than to run them: here
// it does not optimise, unless the tests are long or benchmarks are asked for.
func Main(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() == "" && !Long() {
		os.Setenv("XLA_FLAGS", "--xla_backend_optimization_level=0 "+os.Getenv("XLA_FLAGS"))
	}
	os.Exit(m.Run())
}
