"""Tests of what cells keep, through the Jupyter protocol: changed numbers, and trainings that are interrupted."""

import os
import re
import tempfile
import unittest
from pathlib import Path

import nbformat
from jupyter_client.manager import start_new_kernel

NEVER = 600  # seconds: what takes longer hangs, on a slow and busy machine too

IMPORTS = """import (
	"fmt"

	"github.com/janpfeifer/must"
	"github.com/wflowlab/wflowlab/notebooks/cell"
	"github.com/wflowlab/wflowlab/toy"
	"github.com/wflowlab/wflowlab/wflow/engine"
	"github.com/wflowlab/wflowlab/wflow/mlp"
	"github.com/wflowlab/wflowlab/wflow/onestep"
	"gonum.org/v1/gonum/mat"
)"""

PARAMETERS = "const (\n\tepsilon = {epsilon} // [unit of the cost]\n\tframes  = {frames}\n)"
FLOW = "// flow stands for one that takes long.\nfunc flow() *mat.Dense { return mat.NewDense(1, 1, []float64{epsilon}) }"
KEEP = '%%\nx := flow()\ncell.Keep("test/flow", x)'
SCORE = '%%\ns := cell.Kept("test/flow")\ncell.Keep("test/score", s)'
FIGURE = '%%\nfor range frames {\n\tfmt.Println("figure of", cell.Kept("test/flow").At(0, 0))\n}'
TABLE = '%%\nfmt.Println("table of", cell.Kept("test/score").At(0, 0))'
CHECK = '%%\ncell.AtMost("flow", cell.Kept("test/flow").At(0, 0), 0.2)'

TRAINING = """const steps = 9

// training is a small one. At the gate it waits for its interrupt.
func training(run *cell.Run, name string, gate int) {
	t := onestep.Training{Network: mlp.Network{Noise: 2, Out: 2, Width: 4, Depth: 1, Residual: true},
		Data: []onestep.Source{toy.EightGaussians().Draw}, Batch: onestep.Sizes{Particles: 8, Data: 8},
		Steps: steps, Seed: 1, Rate: onestep.Rate{Peak: 0.1}, Average: 0.3, Checkpoint: run.Checkpoint, Every: run.Every}
	t.Report = func(p onestep.Progress) {
		run.Set(p.Step, "", p.MeanSquare[0])
		if p.Step == gate {
			fmt.Println("at the gate")
			<-run.Context.Done()
		}
	}
	backend, _ := must.M2(engine.Find())
	g, err := onestep.Train(run.Context, backend, t)
	if run.End(err) {
		cell.KeepFile("test/"+name+".safetensors", must.M1(g.File().Encode()))
	}
}"""
TRAIN = '%%\nfor k, run := range cell.Runs(steps, "test/one", "test/two") {\n\ttraining(run, []string{"one", "two"}[k], 5)\n}'
WHOLE = '%%\nfor _, run := range cell.Runs(steps, "test/whole") {\n\ttraining(run, "whole", 0)\n}'
REACHED = """%%
path := cell.KeptFile("test/one.safetensors")
must.M1(mlp.ReadFile(path))
r := cell.Kept("test/one record")
n, _ := r.Dims()
fmt.Println("reached", cell.Reached("test/one"), "and", cell.Reached("test/two"), "with", n, "rows")
fmt.Printf("signal %x\\n", mat.Col(nil, 0, r))
cell.AtMost("first", 1, 2)"""


class Keep(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cache = Path(folder.name)
        env = {**os.environ, "WFLOW_CACHE": folder.name, "WFLOW_XLA_PLUGIN": ""}
        self.manager, self.client = start_new_kernel(NEVER, kernel_name="gonb", cwd=os.environ["WFLOW_ROOT"], env=env)
        self.addCleanup(self.manager.shutdown_kernel)
        self.addCleanup(self.client.stop_channels)

    def run_cell(self, source, at=None, then=None):
        """Runs a cell. When it says the words at, then is done once. Returns its status and all that it has said."""
        said, waits = [], at is not None

        def hear(message):
            nonlocal waits
            content = message["content"]
            shown = content.get("data", {}).get("text/plain", "")  # an error, and not a progress bar
            said.append(content.get("text", "") or content.get("evalue", "") or shown)
            if waits and at in "".join(said):
                waits = False  # one more interrupt could meet the next cell
                then()

        reply = self.client.execute_interactive(source, timeout=NEVER, allow_stdin=False, output_hook=hear)
        return reply["content"]["status"], "".join(said)

    def good(self, *cells):
        """Runs cells that go well. Returns what the last one has said."""
        for source in cells:
            status, said = self.run_cell(source)
            self.assertEqual(status, "ok", f"{source}\n{said}")
        return said

    def refused(self, source, *words):
        status, said = self.run_cell(source)
        self.assertEqual(status, "error", said)
        for w in words:
            self.assertIn(w, said)

    def restart(self):
        self.manager.restart_kernel(now=True)
        self.client.wait_for_ready(timeout=NEVER)

    def test_a_changed_number(self):
        self.good(IMPORTS, PARAMETERS.format(epsilon=0.1, frames=1), FLOW, KEEP, SCORE)
        self.assertEqual(self.good(FIGURE), "figure of 0.1\n")
        self.assertEqual(self.good(TABLE), "table of 0.1\n")
        self.assertEqual(self.good(CHECK), "✓ flow: 0.1 ≤ 0.2\n")
        # A number of the figure alone changes nothing that was kept.
        self.assertEqual(self.good(PARAMETERS.format(epsilon=0.1, frames=2), FIGURE), "figure of 0.1\nfigure of 0.1\n")
        self.good(PARAMETERS.format(epsilon=0.5, frames=1))
        differs = "epsilon was 0.1 and is 0.5. Run again the cell"
        for _ in range(2):
            self.refused(FIGURE, "test/flow: it no longer fits the notebook", differs + " that begins “x := flow()”")
            self.refused(TABLE, differs + "s that begin “x := flow()”, then “s := cell.Kept(\"test/flow\")”")
            self.restart()
            self.good(IMPORTS, PARAMETERS.format(epsilon=0.5, frames=1))
        self.assertEqual(self.good(FLOW, KEEP, FIGURE), "figure of 0.5\n")
        self.refused(TABLE, "test/flow, from which it was made, is another now. Run again the cell that begins “s := cell.Kept")
        self.assertEqual(self.good(SCORE, TABLE), "table of 0.5\n")
        self.assertEqual(self.good(CHECK), "✗ flow: 0.5, the notebook as delivered keeps ≤ 0.2\n")
        # So does a function that the kept array was made with.
        self.good(FLOW.replace("{epsilon}", "{2 * epsilon}"))
        self.refused(FIGURE, "flow has changed. Run again")

    def test_an_interrupted_training(self):
        self.good(IMPORTS, TRAINING)
        status, said = self.run_cell(TRAIN, "at the gate", self.manager.interrupt_kernel)
        self.assertEqual(status, "ok", said)
        self.assertIn("The training of one was interrupted after step 5 of 9. What it has learnt so far is kept", said)
        self.assertIn("To go on from there, run this cell again.", said)
        for _ in range(2):
            said = self.good(REACHED)
            self.assertIn("one is that of step 5 of 9, where its training was interrupted. To go on, run again the cell", said)
            self.assertIn("reached 5 and 0 with 5 rows", said)
            self.assertIn("✓ first: 1 ≤ 2 (one is that of step 5 of 9, two is that of step 0 of 9)", said)
            self.restart()
            self.good(IMPORTS, TRAINING)
        status, said = self.run_cell(TRAIN, "at the gate", self.manager.interrupt_kernel)  # of two
        self.assertIn("The training of one goes on after step 5 of 9.", said)
        self.assertIn("The training of two was interrupted after step 5 of 9.", said)
        said = self.good(TRAIN)
        self.assertIn("The training of one is done already.\nThe training of two goes on after step 5 of 9.", said)
        parts = self.good(REACHED)
        self.assertIn("reached 9 and 9 with 9 rows\n", parts)
        self.assertNotIn("is that of step", parts)
        self.good(WHOLE)
        whole = self.good(REACHED.replace("test/one", "test/whole"))
        self.assertEqual(*(re.search("signal .*", text)[0] for text in (parts, whole)))
        one, two, both = ((self.cache / "test" / f"{name}.safetensors").read_bytes() for name in ("one", "two", "whole"))
        self.assertTrue(one == both and two == both, "in parts, a training ends with other bytes than in one go")

    def test_the_figure_of_a_training_that_has_only_begun(self):
        notebook = nbformat.read(Path(os.environ["WFLOW_ROOT"]) / "notebooks/09-real-digits.ipynb", 4)
        cells = [c.source for c in notebook.cells if c.cell_type == "code"]
        [at] = [i for i, source in enumerate(cells) if "cell.Runs(" in source]
        step = "t.Report = func(p onestep.Progress) {"
        self.assertIn(step, cells[at])
        gate = cells[at].replace(step, step + '\n\t\tdefer func() {\n\t\t\tfmt.Println("at the gate")\n\t\t\t<-run.Context.Done()\n\t\t}()')
        self.good(*cells[:at])
        status, said = self.run_cell(gate, "at the gate", self.manager.interrupt_kernel)
        self.assertEqual(status, "ok", said)
        self.assertIn("The training of two batches was interrupted after step 1 of 3,000.", said)
        said = self.good(*cells[at + 1 : at + 4])
        self.assertIn("step     0: mean V²", said)

    def test_an_interrupted_training_and_a_changed_number(self):
        self.good(IMPORTS, TRAINING)
        self.run_cell(TRAIN, "at the gate", self.manager.interrupt_kernel)
        self.good(TRAINING.replace("steps = 9", "steps = 7"))
        self.refused(REACHED, "steps was 9 and is 7. Run again the cell that begins “for k, run := range cell.Runs")
        _, said = self.run_cell(TRAIN, "at the gate", self.manager.interrupt_kernel)
        self.assertIn("The training of one begins anew: steps was 9 and is 7.", said)
        self.assertIn("The training of one was interrupted after step 5 of 7.", said)


if __name__ == "__main__":
    unittest.main()
