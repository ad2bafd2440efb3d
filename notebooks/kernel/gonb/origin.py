"""What is mended so that a cell's program can say what it keeps on disk was made from."""

MENDS = [
    (
        "internal/goexec/execcode.go",
        "	// Execute compiled code.\n",
        """	// Execute compiled code.
	defer program.Tell(s.CodePath(), lines)()
""",
    ),
    (
        "internal/goexec/execcode.go",
        '	"github.com/pkg/errors"\n	"golang.org/x/exp/slices"\n',
        '	"github.com/janpfeifer/gonb/internal/program"\n	"github.com/pkg/errors"\n	"golang.org/x/exp/slices"\n',
    ),
]
