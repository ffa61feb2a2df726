/** Jest 30 with native ES modules; run it with `npm test`, or one file with `npm run jest -- FILE`. */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/test'],
  testMatch: ['**/*.{spec,test}.ts'],
  testTimeout: 60_000,
  maxWorkers: 2,
  workerIdleMemoryLimit: '512MB', // a suite leaks its module graph (jestjs/jest#14605)
  extensionsToTreatAsEsm: ['.ts'],
  reporters: ['default', '<rootDir>/test/skips-are-failures-in-ci.mjs'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        swcrc: false,
        module: { type: 'es6' },
        sourceMaps: 'inline',
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
        },
      },
    ],
  },
  // Every `#` name is mapped to source: an unmapped one would test a stale build in dist.
  moduleNameMapper: {
    '^#crypto$': '<rootDir>/libs/crypto/src/node.ts',
    '^#libs/([^/]+)$': '<rootDir>/libs/$1/src/index.ts',
    '^#(?!crypto$|libs/)(.*)$': '<rootDir>/unmapped-import/$1',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
};
