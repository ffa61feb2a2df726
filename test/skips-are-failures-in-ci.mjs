/** Jest reporter: names every skipped test and, with CI=true, fails the run for it. */
export default class SkipReporter {
  #skipped = [];

  onTestResult(_test, result) {
    for (const { status, fullName } of result.testResults) {
      if (status === 'pending' || status === 'todo') this.#skipped.push(fullName);
    }
  }

  onRunComplete() {
    for (const name of this.#skipped) process.stderr.write(`skipped: ${name}\n`);
  }

  getLastError() {
    if (process.env.CI !== 'true' || this.#skipped.length === 0) return undefined;
    return new Error(`${this.#skipped.length} skipped tests, and with CI=true a skip is a failure`);
  }
}
