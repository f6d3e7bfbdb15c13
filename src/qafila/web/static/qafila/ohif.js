// What OHIF is told: where its files are, and that this node's DICOMweb, with the session's cookie, is all it has.
"use strict";
window.PUBLIC_URL = "/static/vendor/ohif/";
window.browserImportFunction = (name) => import(name);
// Its guided tour covers the image of whoever opens it for the first time on this device.
try { localStorage.setItem("shownTours", JSON.stringify(["basicViewerTour"])); } catch { /* then the tour is shown */ }
window.config = {
  name: "qafila",
  routerBasename: "/imaging/more",
  extensions: [],
  modes: [],
  customizationService: {},
  showStudyList: false,
  maxNumberOfWebWorkers: 2,
  showWarningMessageForCrossOrigin: false,
  showCPUFallbackMessage: false,
  showLoadingIndicator: true,
  strictZSpacingForVolumeViewport: true,
  investigationalUseDialog: { option: "never" },
  maxNumRequests: { interaction: 6, thumbnail: 2, prefetch: 4 },
  showErrorDetails: "production",
  defaultDataSourceName: "node",
  dataSources: [{
    namespace: "@ohif/extension-default.dataSourcesModule.dicomweb",
    sourceName: "node",
    configuration: {
      friendlyName: "DICOMweb",
      name: "node",
      qidoRoot: "/dicomweb",
      wadoRoot: "/dicomweb",
      wadoUriRoot: "/dicomweb",
      qidoSupportsIncludeField: false,
      imageRendering: "wadors",
      thumbnailRendering: "wadors",
      // JPEG-LS where it is lossless; what cannot be packed so comes as it is stored, and says so.
      requestTransferSyntaxUID: "1.2.840.10008.1.2.4.80",
      enableStudyLazyLoad: true,
      supportsFuzzyMatching: false,
      supportsWildcard: true,
      omitQuotationForMultipartRequest: false,
    },
  }],
};
