// Stand-ins for packages that are installed only in test/nestjs-versions.
declare module "@nestjs/testing";
declare module "@nestjs/websockets";
