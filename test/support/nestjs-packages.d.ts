// A stand-in for a package that is installed only in test/nestjs-versions.
declare module "@nestjs/websockets";
